import { part, typing } from "./dom";
import { FLOOR, NO_SIGNAL, PeakHold, percent } from "./levels";
import { clock } from "./time";

interface Level { rms_db: number; peak_db: number; speech: boolean }
interface Levels { seconds: number; state: string | null; levels: Record<string, Level> }

const STALE_MS = 3000;

/** The secretary's console: live levels, the running clock, notes by hotkey. Actions are htmx's. */
export class ConsoleElement extends HTMLElement {
  #source: EventSource | undefined;
  #peaks = new Map<string, PeakHold>();
  #heard = 0;
  #watch = 0;

  connectedCallback(): void {
    part(this, "lost").querySelector("p")!.textContent = this.dataset["lost"] ?? "";
    document.addEventListener("keydown", this.#onKey);
    this.addEventListener("click", this.#onClick, { capture: true });
    this.addEventListener("htmx:afterRequest", this.#onDone);
    this.#source = new EventSource("/live/levels");
    this.#source.addEventListener("levels", (event) => this.#show(JSON.parse(event.data as string) as Levels));
    this.#heard = performance.now();
    this.#watch = window.setInterval(() => this.#checkFresh(), 1000);
  }

  disconnectedCallback(): void {
    this.#source?.close();
    clearInterval(this.#watch);
    document.removeEventListener("keydown", this.#onKey);
  }

  #checkFresh(): void {
    const state = document.getElementById("state");
    const live = state?.dataset["state"] !== "ended";
    part(this, "lost").hidden = !live || performance.now() - this.#heard < STALE_MS;
    // A connection the server ended is not taken up again by the browser itself.
    if (live && this.#source?.readyState === EventSource.CLOSED) {
      this.disconnectedCallback();
      this.connectedCallback();
    }
  }

  #show(now: Levels): void {
    this.#heard = performance.now();
    const state = document.getElementById("state");
    if (state && now.state && state.dataset["state"] !== now.state) {
      state.dataset["state"] = now.state;
      document.body.dispatchEvent(new Event("courtrec:changed"));
    }
    const time = this.querySelector('[data-part="clock"]');
    if (time && now.state) time.textContent = clock(now.seconds);
    const heard = now.state === "recording" || now.state === "paused"; // in deliberation the microphones are isolated
    for (const meter of this.querySelectorAll<HTMLElement>(".meter")) {
      const level = now.levels[meter.dataset["track"] ?? ""];
      if (level && heard) this.#draw(meter, level);
      else this.#rest(meter);
    }
  }

  /** A meter that measures nothing: neither loud nor without signal. */
  #rest(meter: HTMLElement): void {
    meter.style.setProperty("--level", "0%");
    meter.style.setProperty("--peak", "0%");
    meter.classList.remove("speech", "silent");
    part(meter, "db").textContent = "—";
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(FLOOR));
  }

  #draw(meter: HTMLElement, level: Level): void {
    const track = meter.dataset["track"] ?? "";
    const hold = this.#peaks.get(track) ?? new PeakHold();
    this.#peaks.set(track, hold);
    const peak = hold.add(level.peak_db, performance.now());
    const silent = level.peak_db <= NO_SIGNAL;
    meter.style.setProperty("--level", `${percent(level.rms_db)}%`);
    meter.style.setProperty("--peak", `${percent(peak)}%`);
    meter.classList.toggle("speech", level.speech);
    meter.classList.toggle("silent", silent);
    part(meter, "db").textContent = silent ? this.dataset["silent"] ?? "" : `${Math.round(Math.max(FLOOR, peak))} dB`.replace("-", "−");
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR, level.rms_db))));
  }

  /** A double tap is one note: a second one would stand in the signed protocol. */
  #onClick = (event: MouseEvent): void => {
    if (event.detail > 1 && (event.target as Element).closest("[name=template]")) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  #onKey = (event: KeyboardEvent): void => {
    const field = part<HTMLInputElement>(this, "note-text");
    if (event.repeat) {
      // A held Enter would press the button in focus again and again.
      if (event.key === "Enter" && this.contains(event.target as Node)) event.preventDefault();
    } else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      part(this, "free-note").click();
    } else if (/^[1-9]$/.test(event.key) && !typing(event)) {
      this.querySelector<HTMLElement>(`[data-hotkey="${event.key}"]`)?.click();
    }
  };

  #onDone = (event: Event): void => {
    const { successful, elt } = (event as CustomEvent<{ successful: boolean; elt: Element }>).detail;
    if (successful && elt.matches("form")) (elt as HTMLFormElement).reset();
  };
}
