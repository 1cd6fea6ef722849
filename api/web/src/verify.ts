import { part } from "../../../court/page/live.js";
import { fill, texts } from "./dom";
import { NUMBER, numberIn } from "./protocol_number";
import { zoned } from "./time";

const PDF_AT_MOST = 64 << 20;
const SHA256 = /^[0-9a-f]{64}$/;

interface Texts {
  titles: Record<Verdict["verdict"], string>; sentences: Record<Verdict["verdict"], string>; notExpected: string;
  changed: string; replaced: string; signedBy: string; roles: Record<string, string>;
  what: string; entry: string; size: string; root: string; registered: string; received: string; proof: string;
  wrong: string; archive: string; offline: string; busy: string; months: string[]; zone: string; kinds: Record<string, string>; revision: string;
}

interface Verdict {
  verdict: "genuine" | "draft" | "unknown" | "altered"; sha256: string; what: string; track: string; number: number | null;
  signatures: { signer: string; role: string; level: string; at: string }[]; replaced_by: number | null;
  recorded_at: string | null; received_at: string | null; proof: { index: number; path: string[]; checkpoint: string } | null;
}

/** The public check: the file's SHA-256 is computed here in the browser, only the number is sent. */
export class VerifyElement extends HTMLElement {
  #texts!: Texts;

  connectedCallback(): void {
    this.#texts = texts<Texts>(this);
    const drop = part(this, "drop");
    const field = part<HTMLInputElement>(this, "sha");
    for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
    for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => { event.preventDefault(); void this.#file(event.dataTransfer?.files[0]); });
    const chosen = part<HTMLInputElement>(this, "file");
    chosen.addEventListener("change", () => {
      void this.#file(chosen.files?.[0]);
      chosen.value = ""; // else choosing the same name again, altered meanwhile, would go unnoticed
    });
    part(this, "form").addEventListener("submit", (event) => { event.preventDefault(); void this.#ask(field.value); });
    if (this.dataset["sha256"]) {
      field.value = this.dataset["sha256"];
      void this.#ask(field.value);
    }
  }

  async #file(file: File | undefined): Promise<void> {
    if (!file) return;
    const bar = part<HTMLProgressElement>(this, "progress");
    const text = part(this, "progress-text");
    const idle = text.textContent;
    text.textContent = fill(this.#texts.busy, { name: file.name });
    bar.hidden = false;
    bar.removeAttribute("value");
    const content = await file.arrayBuffer();
    const digest = await crypto.subtle.digest("SHA-256", content);
    const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    bar.hidden = true;
    text.textContent = idle;
    part<HTMLInputElement>(this, "sha").value = hex;
    const archive = new TextDecoder("latin1").decode(content.slice(0, 4)) === "PK\u0003\u0004";
    await this.#ask(hex, content.byteLength <= PDF_AT_MOST ? numberIn(content) : "", archive);
  }

  /** `number` is the protocol that a file says it is; `archive`: it is a ZIP file. */
  async #ask(typed: string, number = "", archive = false): Promise<void> {
    const sha256 = typed.replace(/\s+/g, "").toLowerCase();
    const named = NUMBER.exec(sha256);
    if (named) {
      location.assign(`/verify?protocol=${named[0]}`);
      return;
    }
    if (!SHA256.test(sha256)) {
      this.#show("unknown", this.#texts.wrong, "");
      return;
    }
    const answer = await fetch(`/api/verify/${sha256}`).catch(() => undefined);
    if (!answer?.ok) {
      this.#show("unknown", this.#texts.offline, "");
      return;
    }
    const found = (await answer.json()) as Verdict;
    if (archive && found.verdict === "unknown") {
      this.#show("unknown", this.#texts.archive, "");
      return;
    }
    const known = number && found.verdict === "unknown" ? await fetch(`/api/verify/protocol/${number}`).catch(() => undefined) : undefined;
    this.#tell(found, known?.ok ? number : "");
  }

  /** `claimed`: the number of a protocol of the court, which the unknown file says it is. */
  #tell(found: Verdict, claimed: string): void {
    if (claimed) found.verdict = "altered";
    const said = this.#texts;
    const expected = this.dataset["expected"];
    const ours = found.verdict === "genuine" || found.verdict === "draft";
    const other = ours && expected && expected !== found.sha256;
    const box = this.#show(found.verdict, claimed ? fill(said.changed, { number: claimed }) : other ? said.notExpected : said.sentences[found.verdict], said.titles[found.verdict]);
    const what = [said.kinds[found.what] ?? found.what, found.track, numbered(found, said)].filter((one) => one !== "").join(" · ");
    const rows: [string, string][] = found.what ? [[said.what, what]] : [];
    for (const one of found.signatures) {
      const level = one.level ? ` · PAdES ${one.level}` : "";
      rows.push([said.roles[one.role] ?? said.signedBy, `${one.signer} · ${zoned(one.at, said)}${level}`]);
    }
    for (const [name, at] of [[said.registered, found.recorded_at], [said.received, found.received_at]] as const) {
      if (at) rows.push([name, zoned(at, said)]);
    }
    if (found.proof) {
      const [, size = "", root = ""] = found.proof.checkpoint.split("\n"); // C2SP tlog-checkpoint: origin, size, root
      rows.push([said.entry, String(found.proof.index)], [said.size, size]);
      const hex = Array.from(atob(root), (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
      rows.push([said.proof, String(found.proof.path.length)], [said.root, hex]);
    }
    rows.push(["SHA-256", found.sha256]);
    const list = document.createElement("dl");
    list.className = "facts";
    for (const [name, value] of rows) {
      const [term, data] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      data.textContent = value;
      if (SHA256.test(value)) data.className = "code";
      list.append(term, data);
    }
    box.append(list);
    if (found.replaced_by) {
      const newer = document.createElement("p");
      newer.className = "alert warn";
      newer.textContent = fill(said.replaced, { number: String(found.replaced_by) });
      box.append(newer);
    }
  }

  #show(verdict: Verdict["verdict"], sentence: string, title: string): HTMLElement {
    const box = document.createElement("section");
    box.className = `card verdict ${verdict}`;
    box.dataset["verdict"] = title ? verdict : "none";
    if (title) {
      const head = document.createElement("h2");
      head.innerHTML = `<svg class="icon" aria-hidden="true"><use href="#i-${verdict === "genuine" ? "shield" : "alert"}"/></svg>`;
      head.append(title);
      box.append(head);
    }
    const line = document.createElement("p");
    line.textContent = sentence;
    box.append(line);
    part(this, "verdict").replaceChildren(box);
    return box;
  }
}

/** Which one of its kind: a protocol has revisions, everything else is counted. */
function numbered(found: Verdict, said: Texts): string {
  if (found.number === null) return "";
  return found.what.includes("protocol") ? fill(said.revision, { number: String(found.number) }) : String(found.number);
}
