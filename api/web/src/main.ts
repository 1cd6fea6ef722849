import "./styles/index.css";
import { startShell } from "./shell";
import { ConsoleElement } from "./console";
import { CorrectionsElement } from "./corrections";
import { LiveTextElement } from "./live";
import { PlayerElement } from "./player/player";
import { SelfTestElement } from "./selftest";
import { SituationElement } from "./situation";
import { VerifyElement } from "./verify";

startShell();
customElements.define("courtrec-console", ConsoleElement);
customElements.define("courtrec-corrections", CorrectionsElement);
customElements.define("courtrec-live", LiveTextElement);
customElements.define("courtrec-player", PlayerElement);
customElements.define("courtrec-selftest", SelfTestElement);
customElements.define("courtrec-situation", SituationElement);
customElements.define("courtrec-verify", VerifyElement);
