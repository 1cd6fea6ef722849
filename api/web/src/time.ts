const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** Moments to label on a timeline of `duration` seconds: at most `most` of them, at round times. */
export function ticks(duration: number, most: number): number[] {
  const step = STEPS.find((one) => duration / one <= most) ?? Math.ceil(duration / most / 3600) * 3600;
  return Array.from({ length: Math.floor(duration / step) + 1 }, (_, index) => index * step);
}

/** A moment by the court's clock, with its offset, wherever the reader is, as the server writes it: `12 марта 2026, 14:03 (UTC+06:00)`. */
export function zoned(at: string, court: { months: string[]; zone: string }): string {
  const form = new Intl.DateTimeFormat("en", {
    timeZone: court.zone, timeZoneName: "longOffset", hourCycle: "h23",
    year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit",
  });
  const told = Object.fromEntries(form.formatToParts(new Date(at)).map((one) => [one.type, one.value]));
  const offset = told["timeZoneName"]?.replace("GMT", "") || "+00:00";
  return `${told["day"]} ${court.months[Number(told["month"]) - 1]} ${told["year"]}, ${told["hour"]}:${told["minute"]} (UTC${offset})`;
}
