import { part } from "./dom";
import { FLOOR, NO_SIGNAL, PeakHold, percent } from "./levels";

export interface Level { rms_db: number; peak_db: number; speech: boolean }

/** The meters inside `root`: one per element of class "meter", which names its track. */
export class Meters {
  #peaks = new Map<Element, PeakHold>();

  /** `silent` is the text of a microphone that delivers nothing. */
  constructor(readonly root: ParentNode, readonly silent: string) {}

  /** A microphone that is not among `levels` rests: it is neither loud nor without signal. */
  show(levels: Record<string, Level>): void {
    for (const meter of this.root.querySelectorAll<HTMLElement>(".meter")) {
      const level = levels[meter.dataset["track"] ?? ""];
      if (level) this.#draw(meter, level);
      else this.#rest(meter);
    }
  }

  #rest(meter: HTMLElement): void {
    meter.style.setProperty("--level", "0%");
    meter.style.setProperty("--peak", "0%");
    meter.classList.remove("speech", "silent");
    part(meter, "db").textContent = "—";
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(FLOOR));
  }

  #draw(meter: HTMLElement, level: Level): void {
    const hold = this.#peaks.get(meter) ?? new PeakHold();
    this.#peaks.set(meter, hold);
    const peak = hold.add(level.peak_db, performance.now());
    const silent = level.peak_db <= NO_SIGNAL;
    meter.style.setProperty("--level", `${percent(level.rms_db)}%`);
    meter.style.setProperty("--peak", `${percent(peak)}%`);
    meter.classList.toggle("speech", level.speech);
    meter.classList.toggle("silent", silent);
    part(meter, "db").textContent = silent ? this.silent : `${Math.round(Math.max(FLOOR, peak))} dB`.replace("-", "−");
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR, level.rms_db))));
  }
}
