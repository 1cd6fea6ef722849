import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import java.io.File;

/**
 * Certificates to trust, "--", PDFs: one line for each signature, with its PDF, name, format and what EN 319 102-1 says
 * of it. Asks nobody: of revocations counts what the PDF holds.
 */
public class Validate {
    public static void main(String[] given) {
        var trusted = new CommonTrustedCertificateSource();
        int at = 0;
        for (; !given[at].equals("--"); at++) {
            trusted.addCertificate(DSSUtils.loadCertificate(new File(given[at])));
        }
        var verifier = new CommonCertificateVerifier();
        verifier.setTrustedCertSources(trusted);
        for (at++; at < given.length; at++) {
            var validator = SignedDocumentValidator.fromDocument(new FileDocument(given[at]));
            validator.setCertificateVerifier(verifier);
            var report = validator.validateDocument().getSimpleReport();
            for (String id : report.getSignatureIdList()) {
                var said = report.getSubIndication(id) == null ? report.getIndication(id) : report.getSubIndication(id);
                System.out.println(String.join(
                    "\t", given[at], report.getSignedBy(id), report.getSignatureFormat(id).toString(), said.toString()));
            }
        }
    }
}
