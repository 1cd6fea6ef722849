/** The lowest level a meter shows, in dB below full scale. */
export const FLOOR = -60;
/** At or below this a microphone delivers nothing at all: digital zero, not a quiet room. */
export const NO_SIGNAL = -95;
const HOLD_MS = 1500;
const FALL_PER_SECOND = 20;

/** Where a level stands on the meter, 0 to 100. */
export function percent(decibels: number): number {
  return Math.min(100, Math.max(0, (1 - decibels / FLOOR) * 100));
}

/** A peak that stays for a moment and then falls, so that the eye can catch it. Times in milliseconds. */
export class PeakHold {
  #level = -Infinity;
  #since = 0;

  add(decibels: number, now: number): number {
    const falling = Math.max(0, now - this.#since - HOLD_MS) / 1000 * FALL_PER_SECOND;
    if (decibels >= this.#level - falling) {
      this.#level = decibels;
      this.#since = now;
      return decibels;
    }
    return this.#level - falling;
  }
}
