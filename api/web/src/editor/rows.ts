import { clock } from "../../../../court/page/live.js";
import { fill } from "../dom";

/** A line of the protocol: `at` in seconds where it rests on the recording; `counted` by the program, so never edited. */
export interface Line { text: string; at: number | null; evidence: string; counted: boolean }

export interface RowTexts { line: string; listen: string; remove: string; counted: string }

const PERSON = "person";

/** A new line that rests on nothing but the person who writes it. */
export function written(text = ""): Line {
  return { text, at: null, evidence: PERSON, counted: false };
}

/** One line as an item of the list: its time as a link, and a text field, or the text where nobody edits it. */
export function makeRow(line: Line, page: string, locked: boolean, texts: RowTexts): HTMLLIElement {
  const row = document.createElement("li");
  row.className = line.counted || locked ? "row-line counted" : "row-line";
  row.dataset["evidence"] = line.evidence;
  if (line.at !== null) row.dataset["at"] = String(line.at);
  row.append(time(line.at, page, texts));
  if (line.counted || locked) {
    const text = document.createElement("p");
    text.textContent = line.text;
    if (!locked) text.title = texts.counted;
    row.append(text);
    return row;
  }
  const field = document.createElement("textarea");
  field.className = "input";
  field.rows = 1;
  field.maxLength = 4000;
  field.value = line.text;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.tabIndex = -1; // with keys an empty line goes by Backspace
  remove.className = "button quiet icon-only small";
  remove.dataset["deed"] = "remove";
  remove.title = texts.remove;
  remove.setAttribute("aria-label", texts.remove);
  remove.textContent = "×";
  row.append(field, remove);
  return row;
}

function time(at: number | null, page: string, texts: RowTexts): HTMLElement {
  if (at === null) return Object.assign(document.createElement("span"), { className: "at" });
  const link = document.createElement("a");
  link.className = "at";
  link.href = `${page}?t=${at}`;
  link.textContent = clock(at);
  link.setAttribute("aria-label", fill(texts.listen, { at: clock(at) }));
  return link;
}

/** What the row says; a text without words is an empty one. */
export function lineOf(row: HTMLElement): Line {
  const at = row.dataset["at"];
  const field = row.querySelector("textarea");
  const text = field ? field.value : row.querySelector("p")?.textContent ?? "";
  return { text: text.split(/\s+/u).filter(Boolean).join(" "), at: at === undefined ? null : Number(at), evidence: row.dataset["evidence"] ?? PERSON, counted: !field };
}

/** A person's lines with the counted ones as the program has them now: each in its place, new ones at the end. */
export function recounted(mine: Line[], theirs: Line[]): Line[] {
  const left = theirs.filter((one) => one.counted);
  const made = mine.flatMap((one) => {
    if (!one.counted) return [one];
    const now = left.shift();
    return now ? [now] : [];
  });
  return [...made, ...left];
}

/** The person's lines, then those of the others that they do not have. */
export function both(mine: Line[], theirs: Line[]): Line[] {
  const had = new Set(mine.map((one) => one.text));
  return [...recounted(mine, theirs), ...theirs.filter((one) => !one.counted && !had.has(one.text))];
}

/** As high as its text. */
export function grow(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + field.offsetHeight - field.clientHeight}px`;
}
