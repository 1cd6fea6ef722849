/**
 * What the server's console and a node's own page do alike while a hearing is recorded. Plain JavaScript with types in
 * comments, because a node serves it as it stands.
 *
 * @typedef {{ rms_db: number, peak_db: number, speech: boolean }} Level
 * @typedef {{ seconds: number, state: string | null, steps: number, orders: number, levels: Record<string, Level>, alarms: number }} Levels
 */

/** The lowest level a meter shows, in dB below full scale. */
export const FLOOR = -60;
/** At or below this a microphone delivers nothing at all: digital zero, not a quiet room. */
export const NO_SIGNAL = -95;
const HOLD_MS = 1500;
const FALL_PER_SECOND = 20;

/** `hh:mm:ss` on the hearing's timeline, rounded down so that a link never starts late. @param {number} seconds */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** Where a level stands on the meter, 0 to 100. @param {number} decibels */
export function percent(decibels) {
  return Math.min(100, Math.max(0, (1 - decibels / FLOOR) * 100));
}

/** The element that carries data-part="name"; a page without it is a mistake of ours, so it throws.
 * @template {Element} [T=HTMLElement] @param {ParentNode} root @param {string} name @returns {T} */
export function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The page has no part "${name}".`);
  return /** @type {T} */ (found);
}

/** Whether a key pressed here is meant for a form field, not for the page. @param {KeyboardEvent} event */
export function typing(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  return event.ctrlKey || event.metaKey || event.altKey
    || target.closest("input:not([type=checkbox]):not([type=range]), select, textarea, dialog") !== null;
}

/** A peak that stays for a moment and then falls, so that the eye can catch it. Times in milliseconds. */
export class PeakHold {
  #level = -Infinity;
  #since = 0;

  /** @param {number} decibels @param {number} now */
  add(decibels, now) {
    const falling = Math.max(0, now - this.#since - HOLD_MS) / 1000 * FALL_PER_SECOND;
    if (decibels >= this.#level - falling) {
      this.#level = decibels;
      this.#since = now;
      return decibels;
    }
    return this.#level - falling;
  }
}

/** The levels that meters show: in deliberation the microphones are isolated. @param {Levels} now */
export function metered(now) {
  return now.state === "recording" || now.state === "paused" ? now.levels : {};
}

/** The meters of a page: elements of class "meter" with data-track. */
export class Meters {
  #root;
  #silent;
  /** @type {Map<string, PeakHold>} */
  #peaks = new Map();

  /** @param {ParentNode} root @param {string} silent what a microphone without any signal is called */
  constructor(root, silent) {
    this.#root = root;
    this.#silent = silent;
  }

  /** A microphone that is not among `levels` rests. @param {Record<string, Level>} levels */
  show(levels) {
    for (const meter of /** @type {NodeListOf<HTMLElement>} */ (this.#root.querySelectorAll(".meter"))) {
      const level = levels[meter.dataset["track"] ?? ""];
      if (level) this.#draw(meter, level);
      else this.#rest(meter);
    }
  }

  /** A meter that measures nothing: neither loud nor without signal. @param {HTMLElement} meter */
  #rest(meter) {
    meter.style.setProperty("--level", "0%");
    meter.style.setProperty("--peak", "0%");
    meter.classList.remove("speech", "silent");
    part(meter, "db").textContent = "—";
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(FLOOR));
  }

  /** @param {HTMLElement} meter @param {Level} level */
  #draw(meter, level) {
    const track = meter.dataset["track"] ?? "";
    const hold = this.#peaks.get(track) ?? new PeakHold();
    this.#peaks.set(track, hold);
    const peak = hold.add(level.peak_db, performance.now());
    const silent = level.peak_db <= NO_SIGNAL;
    meter.style.setProperty("--level", `${percent(level.rms_db)}%`);
    meter.style.setProperty("--peak", `${percent(peak)}%`);
    meter.classList.toggle("speech", level.speech);
    meter.classList.toggle("silent", silent);
    part(meter, "db").textContent = silent ? this.#silent : `${Math.round(Math.max(FLOOR, peak))} dB`.replace("-", "−");
    meter.querySelector("[role=meter]")?.setAttribute("aria-valuenow", String(Math.round(Math.max(FLOOR, level.rms_db))));
  }
}

/**
 * The keys by which a node knows a request that reaches it twice. What was not confirmed keeps its key, so pressing
 * again after a lost answer is the same note and the same hearing.
 */
export class Keys {
  /** @type {Map<string, string>} */
  #open = new Map();

  /** The key for sending `content`. @param {string} content */
  for(content) {
    const key = this.#open.get(content) ?? fresh();
    this.#open.set(content, key);
    return key;
  }

  /** It was done or refused for good. @param {string} content */
  settle(content) {
    this.#open.delete(content);
  }
}

/** 128 random bits; crypto.randomUUID exists on https only. */
function fresh() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
