/** Index of the last of ascending `starts` at or before `time`; -1 if there is none. */
export function lastAtOrBefore(starts: ArrayLike<number>, time: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Runs of words, [first, last], in which `query` occurs; letters' case, ё and punctuation make no difference. */
export function matches(words: readonly string[], query: string): [number, number][] {
  const wanted = plain(query);
  if (!wanted) return [];
  let text = "";
  const begins = words.map((word) => {
    const at = text.length;
    const folded = plain(word);
    text += folded ? `${folded} ` : "";
    return at;
  });
  const found: [number, number][] = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    found.push([lastAtOrBefore(begins, at), lastAtOrBefore(begins, at + wanted.length - 1)]);
  }
  return found;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll("ё", "е").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}
