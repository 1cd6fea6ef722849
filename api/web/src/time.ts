const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Moments to label on a timeline of `duration` seconds: at most `most` of them, at round times. */
export function ticks(duration: number, most: number): number[] {
  const step = STEPS.find((one) => duration / one <= most) ?? Math.ceil(duration / most / 3600) * 3600;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step);
}
