import { Meters, part, type Level } from "../../../court/page/live.js";
import { fill } from "./dom";

interface Running { stage: "quiet" | "speak" | "over"; track: string; share: number; seconds_left: number }
interface Levels { levels: Record<string, Level>; selftest: { count: number; running: Running | null } }

/** A self-test that runs: what it asks for now, and what every microphone hears. */
export class SelfTestElement extends HTMLElement {
  #source: EventSource | undefined;
  #meters: Meters | undefined;

  connectedCallback(): void {
    this.#meters = new Meters(this, this.dataset["silent"] ?? "");
    this.#source = new EventSource("/live/levels");
    this.#source.addEventListener("levels", (event) => this.#show(JSON.parse(event.data as string) as Levels));
    this.#source.addEventListener("lost", () => this.#over());
  }

  disconnectedCallback(): void {
    this.#source?.close();
  }

  #over(): void {
    this.#source?.close();
    document.body.dispatchEvent(new Event("courtrec:tested"));
  }

  #show(now: Levels): void {
    const running = now.selftest.running;
    if (!running) return this.#over();
    this.#meters?.show(now.levels);
    for (const meter of this.querySelectorAll<HTMLElement>(".meter")) {
      const asked = meter.dataset["track"] === running.track;
      meter.classList.toggle("asked", asked);
      if (asked) meter.style.setProperty("--share", `${running.share * 100}%`);
    }
    const name = this.querySelector(".asked .role")?.textContent ?? "";
    const said = fill(this.dataset[running.stage] ?? "", { name });
    const prompt = part(this, "prompt");
    if (prompt.textContent !== said) prompt.textContent = said; // a screen reader speaks every change
    const seconds = String(Math.ceil(running.seconds_left));
    part(this, "left").textContent = running.stage === "over" ? "" : fill(this.dataset["left"] ?? "", { seconds });
  }
}
