import type { Gap, Segment, Span, Timeline } from "./model";

/** Whether something of the recording has not arrived yet: a stretch that is neither recorded nor explained. */
export function arriving(timeline: Timeline): boolean {
  return timeline.tracks.some((track) => {
    const gaps = timeline.gaps.filter((gap) => gap.track === track.track);
    const known = [...track.segments, ...gaps].map((one) => ({ ...one, sequence: 0, partial: false, playable: true }));
    return holes(known, timeline.duration).length > 0;
  });
}

/** Holes shorter than this are rounding at a cut, not a stretch without recording. Seconds. */
const ROUNDING = 0.25;
/** How long before a hole the player leaves: the browser stalls a little before the last sample. Seconds. */
const EARLY = 0.15;

/** What of [0, duration) cannot be played, in order. */
export function holes(segments: readonly Segment[], duration: number): Span[] {
  const found: Span[] = [];
  let reached = 0;
  for (const one of [...segments].filter((each) => each.playable).sort((a, b) => a.start - b.start)) {
    if (one.start - reached > ROUNDING) found.push({ start: reached, end: one.start });
    reached = Math.max(reached, one.end);
  }
  if (duration - reached > ROUNDING) found.push({ start: reached, end: duration });
  return found;
}

/** The hole that playback at `time` is in or about to run into. */
export function holeAt(spans: readonly Span[], time: number): Span | undefined {
  return spans.find((one) => one.start - EARLY <= time && time < one.end);
}

/** The moment `seconds` of playing time before `time`: a hole on the way does not count. */
export function stepBack(spans: readonly Span[], time: number, seconds: number): number {
  const target = time - seconds;
  const hole = [...spans].reverse().find((one) => one.end <= time + EARLY && one.end > target);
  return Math.max(0, hole ? hole.start - EARLY - Math.max(0, hole.end - target) : target);
}

/** Why there is a hole: the cause of the gap that covers most of it, empty if no gap says. */
export function causeOf(hole: Span, gaps: readonly Gap[]): string {
  const shared = (gap: Gap): number => Math.min(hole.end, gap.end) - Math.max(hole.start, gap.start);
  const best = gaps.reduce<Gap | undefined>((a, b) => (a && shared(a) >= shared(b) ? a : b), undefined);
  return best && shared(best) > 0 ? best.cause : "";
}

/** Breaks that stop every track, each once; and what remains on single tracks. */
export function sortGaps(gaps: readonly Gap[], tracks: number): { everywhere: Gap[]; single: Gap[] } {
  const same = (a: Gap, b: Gap): boolean => a.cause === b.cause && Math.abs(a.start - b.start) < 1 && Math.abs(a.end - b.end) < 1;
  const covers = (gap: Gap): boolean => new Set(gaps.filter((one) => same(one, gap)).map((one) => one.track)).size >= tracks;
  const everywhere: Gap[] = [];
  const single: Gap[] = [];
  for (const gap of gaps) {
    if (!covers(gap)) single.push(gap);
    else if (!everywhere.some((one) => same(one, gap))) everywhere.push(gap);
  }
  return { everywhere, single };
}
