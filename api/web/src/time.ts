const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Moments to label on a timeline of `duration` seconds: at most `most` of them, at round times. */
export function ticks(duration: number, most: number): number[] {
  const step = STEPS.find((one) => duration / one <= most) ?? Math.ceil(duration / most / 3600) * 3600;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step);
}

/** A moment by the court's clock, with its offset, wherever the reader is: `12 марта 2026 г. в 14:03 (UTC+06:00)`. */
export function zoned(at: string, court: { locale: string; zone: string }): string {
  const moment = new Date(at);
  const text = moment.toLocaleString(court.locale, { dateStyle: "long", timeStyle: "short", timeZone: court.zone });
  const parts = new Intl.DateTimeFormat("en", { timeZone: court.zone, timeZoneName: "longOffset" }).formatToParts(moment);
  const offset = parts.find((one) => one.type === "timeZoneName")?.value.replace("GMT", "") || "+00:00";
  return `${text} (UTC${offset})`;
}
