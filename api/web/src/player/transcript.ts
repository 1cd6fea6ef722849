import { part } from "../../../../court/page/live.js";
import { lastAtOrBefore, matches } from "./find";

const LINGER = 0.4; // seconds a word stays lit after its end, so that the light does not flicker between words

/** The transcript beside the recording: lights what is being said, follows it, finds words, tells what was clicked. */
export class Transcript {
  readonly #scroller: HTMLElement;
  readonly #follow: HTMLInputElement;
  readonly #back: HTMLElement;
  #words: HTMLElement[] = [];
  #wordStarts = new Float64Array();
  #lines: HTMLElement[] = [];
  #lineStarts = new Float64Array();
  #hits: HTMLElement[][] = [];
  #hit = -1;
  #word: HTMLElement | undefined;
  #line: HTMLElement | undefined;
  #readerMoved = false;

  constructor(private readonly root: HTMLElement, private readonly seek: (time: number) => void, private readonly none: string) {
    this.#scroller = part(root, "scroller");
    this.#follow = part<HTMLInputElement>(root, "follow");
    this.#back = part(root, "back");
    this.#scroller.addEventListener("click", (event) => this.#onClick(event));
    for (const name of ["wheel", "touchmove", "keydown"]) this.#scroller.addEventListener(name, () => this.#leave(), { passive: true });
    this.#follow.addEventListener("change", () => this.#return());
    this.#back.addEventListener("click", () => this.#return());
    const field = part<HTMLInputElement>(root, "find");
    field.addEventListener("input", () => this.#find(field.value));
    field.addEventListener("keydown", (event) => { if (event.key === "Enter") this.#step(event.shiftKey ? -1 : 1); });
    part(root, "hit-next").addEventListener("click", () => this.#step(1));
    part(root, "hit-previous").addEventListener("click", () => this.#step(-1));
    this.read();
  }

  /** Takes in the transcript's present text; called again whenever the server sent more of it. */
  read(): void {
    const byStart = (a: HTMLElement, b: HTMLElement): number => startOf(a) - startOf(b);
    this.#words = [...this.#scroller.querySelectorAll<HTMLElement>(".word")].sort(byStart);
    this.#lines = [...this.#scroller.querySelectorAll<HTMLElement>(".utterance")].sort(byStart);
    this.#wordStarts = Float64Array.from(this.#words, startOf);
    this.#lineStarts = Float64Array.from(this.#lines, startOf);
    this.#word = this.#line = undefined;
    this.#find(part<HTMLInputElement>(this.root, "find").value, false);
  }

  /** Lights the word and the line spoken at `time`. */
  show(time: number): void {
    const line = spokenAt(this.#lines, this.#lineStarts, time);
    const word = spokenAt(this.#words, this.#wordStarts, time);
    if (word !== this.#word) {
      this.#word?.classList.remove("now");
      word?.classList.add("now");
      this.#word = word;
    }
    if (line === this.#line) return;
    this.#line?.classList.remove("current");
    line?.classList.add("current");
    this.#line = line;
    if (line && this.#follow.checked && !this.#readerMoved) this.#bring(line);
  }

  /** The beginnings of the lines before and after `time`, for stepping. */
  beside(time: number): { before: number; after: number } {
    const index = lastAtOrBefore(this.#lineStarts, time + 0.05);
    const before = (this.#lineStarts[index] ?? 0) < time - 1.5 ? index : index - 1;
    return { before: this.#lineStarts[Math.max(0, before)] ?? 0, after: this.#lineStarts[index + 1] ?? time };
  }

  #onClick(event: MouseEvent): void {
    const target = event.target as HTMLElement;
    if (target.closest("details")) return; // it opens and closes
    const timed = target.closest<HTMLElement>("[data-start]");
    if (!timed || getSelection()?.type === "Range") return;
    event.preventDefault();
    this.#readerMoved = false;
    this.#back.hidden = true;
    this.seek(startOf(timed));
  }

  #leave(): void {
    if (!this.#follow.checked || !this.#line) return;
    this.#readerMoved = true;
    this.#back.hidden = false;
  }

  #return(): void {
    this.#readerMoved = false;
    this.#back.hidden = true;
    if (this.#line && this.#follow.checked) this.#bring(this.#line);
  }

  #bring(line: HTMLElement): void {
    const box = this.#scroller;
    const top = line.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop;
    const smooth = Math.abs(top - box.scrollTop) < box.clientHeight * 2 && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    box.scrollTo({ top: top - box.clientHeight * 0.3, behavior: smooth ? "smooth" : "auto" });
  }

  #find(query: string, move = true): void {
    for (const word of this.#scroller.querySelectorAll(".word.hit")) word.classList.remove("hit", "chosen");
    this.#hits = [];
    this.#hit = -1;
    for (const line of query.trim() ? this.#scroller.querySelectorAll<HTMLElement>(".utterance") : []) {
      const words = [...line.querySelectorAll<HTMLElement>(".word")];
      const found = matches(words.map((word) => word.textContent ?? ""), query);
      this.#hits.push(...found.map(([first, last]) => words.slice(first, last + 1)));
    }
    for (const hit of this.#hits) for (const word of hit) word.classList.add("hit");
    part(this.root, "hits").textContent = query.trim() ? this.none : "";
    if (this.#hits.length && move) this.#step(1);
    else if (this.#hits.length) part(this.root, "hits").textContent = String(this.#hits.length);
  }

  #step(by: number): void {
    if (!this.#hits.length) return;
    for (const word of this.#hits[this.#hit] ?? []) word.classList.remove("chosen");
    this.#hit = (this.#hit + by + this.#hits.length) % this.#hits.length;
    const chosen = this.#hits[this.#hit] ?? [];
    for (const word of chosen) word.classList.add("chosen");
    part(this.root, "hits").textContent = `${this.#hit + 1} / ${this.#hits.length}`;
    const line = chosen[0]?.closest<HTMLElement>(".utterance");
    this.#leave();
    if (line) this.#bring(line);
  }
}

function startOf(element: HTMLElement): number {
  return Number(element.dataset["start"]);
}

/** The latest begun of `elements` that is still being spoken at `time`; people may speak at once, so look back a few. */
function spokenAt(elements: readonly HTMLElement[], starts: Float64Array, time: number): HTMLElement | undefined {
  const last = lastAtOrBefore(starts, time);
  for (let index = last; index >= 0 && index > last - 4; index -= 1) {
    const element = elements[index];
    if (element && time < Number(element.dataset["end"]) + (index === last ? LINGER : 0)) return element;
  }
  return undefined;
}
