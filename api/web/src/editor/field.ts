import { part } from "../../../../court/page/live.js";
import { fill } from "../dom";
import { both, grow, type Line, lineOf, makeRow, recounted, replaceRows, type RowTexts, written } from "./rows";

export interface FieldTexts extends RowTexts { saving: string; saved: string; offline: string; choose: string }

interface Place { url: string; page: string; csrf: string }

const PAUSE_MS = 700;
const AGAIN_MS = 5000;

/** One field of the protocol: its lines, and keeping them at the server. Whoever is slower decides between two texts. */
export class FieldEditor {
  readonly locked: boolean;
  #root: HTMLElement;
  #rows: HTMLElement;
  #place: Place;
  #texts: FieldTexts;
  #version: number;
  #kept: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #sending: Promise<void> | undefined;
  #current: HTMLElement | undefined;

  constructor(root: HTMLElement, place: Place, texts: FieldTexts) {
    [this.#root, this.#place, this.#texts] = [root, place, texts];
    this.locked = "locked" in root.dataset;
    this.#version = Number(root.dataset["version"]);
    this.#rows = part(root, "rows");
    this.#fill(json(root, "lines"));
    this.#kept = this.#content();
    if (this.locked) return;
    this.#rows.addEventListener("input", this.#onInput);
    this.#rows.addEventListener("keydown", this.#onKey);
    this.#rows.addEventListener("focusin", (event) => { this.#current = (event.target as HTMLElement).closest<HTMLElement>("li") ?? undefined; });
    this.#rows.addEventListener("focusout", () => { if (this.unsaved && !this.undecided) void this.#send(); });
    root.addEventListener("click", this.#onClick);
    let width = 0;
    new ResizeObserver(([seen]) => {
      const now = seen?.contentRect.width ?? 0;
      if (now !== width) this.#dress();
      width = now;
    }).observe(this.#rows);
  }

  /** Whether something was typed that the server does not have. */
  get unsaved(): boolean {
    return !this.locked && this.#content() !== this.#kept;
  }

  /** Whether two texts wait for a decision. */
  get undecided(): boolean {
    return this.#merge() !== null;
  }

  get key(): string {
    return this.#root.dataset["field"] ?? "";
  }

  get label(): string {
    return this.#root.querySelector("h2")?.textContent ?? "";
  }

  /** What others made of the field, as the server shows it `now`. Whoever has typed something here meanwhile is asked
   * between both texts when that is sent. */
  refresh(now: HTMLElement): void {
    const version = Number(now.dataset["version"]);
    if (this.#sending || this.unsaved || version < this.#version) return;
    const merge = now.querySelector<HTMLElement>("[data-part=merge]");
    if (!merge) this.#root.querySelector("[data-part=merge][data-program]")?.remove(); // somebody else decided
    if (this.undecided) return;
    if (!this.locked) part(this.#root, "machine").textContent = part(now, "machine").textContent;
    if (merge) this.#rows.before(document.importNode(merge, true));
    const lines = json(now, "lines");
    const content = contentOf(lines);
    if (content !== this.#kept) {
      replaceRows(this.#rows, lines, (line) => this.#made(line));
      this.#dress();
      this.#kept = this.#content();
      this.#tell(part(now, "status").textContent ?? "");
      this.#root.classList.remove("changed");
      requestAnimationFrame(() => this.#root.classList.add("changed"));
    }
    this.#version = version;
  }

  show(): void {
    this.#root.scrollIntoView({ block: "center" });
    this.#root.querySelector<HTMLElement>("[data-choice], textarea")?.focus();
  }

  /** Sends what is typed and waits for the answer. */
  async settle(): Promise<void> {
    await this.#sending;
    if (this.unsaved && !this.undecided) await this.#send();
  }

  /** Puts lines in below the one that was edited last. */
  insert(lines: Line[]): void {
    const made = lines.map((one) => this.#made(one));
    const after = this.#current?.isConnected ? this.#current : this.#rows.lastElementChild;
    if (after) after.after(...made);
    else this.#rows.append(...made);
    this.#dress();
    focusOn(made.at(-1));
    void this.#send();
  }

  // ---- rows

  #made(line: Line): HTMLLIElement {
    return makeRow(line, this.#place.page, this.locked, this.#texts);
  }

  #fill(lines: Line[]): void {
    this.#rows.replaceChildren(...lines.map((one) => this.#made(one)));
    this.#dress();
  }

  /** Names and heights of the text fields. */
  #dress(): void {
    [...this.#rows.children].forEach((row, at) => {
      const field = row.querySelector("textarea");
      if (!field) return;
      field.setAttribute("aria-label", fill(this.#texts.line, { number: String(at + 1), label: this.label }));
      grow(field);
    });
  }

  #lines(): Line[] {
    return [...this.#rows.children].map((row) => lineOf(row as HTMLElement)).filter((one) => one.text);
  }

  #content(): string {
    return contentOf(this.#lines());
  }

  #onInput = (event: Event): void => {
    grow(event.target as HTMLTextAreaElement);
    this.#later(PAUSE_MS);
  };

  #onKey = (event: KeyboardEvent): void => {
    const field = event.target as HTMLTextAreaElement;
    const row = field.closest<HTMLElement>("li");
    if (!row || !field.matches("textarea")) return;
    const up = event.key === "ArrowUp";
    if (event.key === "Enter") this.#below(row, field);
    else if (event.key === "Backspace" && !field.value && this.#rows.children.length > 1) this.#remove(row);
    else if (event.key === "Escape") part(this.#root, "actions").querySelector("button")?.focus();
    else if ((up || event.key === "ArrowDown") && event.altKey) this.#move(row, up);
    else if (up && field.selectionEnd === 0) focusOn(row.previousElementSibling);
    else if (event.key === "ArrowDown" && field.selectionStart === field.value.length) focusOn(row.nextElementSibling);
    else return;
    event.preventDefault();
  };

  /** A line below; what stands behind the caret goes there, with the same place in the recording. */
  #below(row: HTMLElement, field: HTMLTextAreaElement): void {
    const rest = field.value.slice(field.selectionEnd).trim();
    field.value = field.value.slice(0, field.selectionStart).trimEnd();
    const made = this.#made(rest ? { ...lineOf(row), text: rest } : written());
    row.after(made);
    this.#dress();
    focusOn(made, 0);
    this.#later(PAUSE_MS);
  }

  #remove(row: HTMLElement): void {
    const beside = row.previousElementSibling ?? row.nextElementSibling;
    row.remove();
    this.#dress();
    focusOn(beside);
    void this.#send();
  }

  #move(row: HTMLElement, up: boolean): void {
    const beside = up ? row.previousElementSibling : row.nextElementSibling;
    if (!beside) return;
    if (up) beside.before(row);
    else beside.after(row);
    row.querySelector("textarea")?.focus();
    this.#dress();
    this.#later(PAUSE_MS);
  }

  #onClick = (event: MouseEvent): void => {
    const target = event.target as HTMLElement;
    const deed = target.closest<HTMLElement>("[data-deed]")?.dataset["deed"];
    const choice = target.closest<HTMLElement>("[data-choice]")?.dataset["choice"];
    if (choice) void this.#choose(choice);
    else if (deed === "remove") this.#remove(target.closest("li") as HTMLElement);
    else if (deed === "add") {
      const made = this.#made(written());
      this.#rows.append(made);
      this.#dress();
      focusOn(made);
    } else if (deed === "machine") {
      this.#fill(json(this.#root, "machine"));
      void this.#send();
    }
  };

  // ---- the server

  #later(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(), milliseconds);
  }

  /** One request at a time: what was typed meanwhile follows. */
  async #send(merged = false): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#sending) {
      await this.#sending;
      return this.#send(merged);
    }
    if (this.undecided) return this.#say(this.#texts.choose);
    if (!this.unsaved && !merged) return;
    this.#sending = this.#exchange(merged);
    await this.#sending;
    this.#sending = undefined;
  }

  async #exchange(merged: boolean): Promise<void> {
    const content = this.#content();
    this.#tell(this.#texts.saving);
    const body = new URLSearchParams({ key: this.key, lines: content, version: String(this.#version), merged: String(merged) });
    const headers = { "X-CSRF-Token": this.#place.csrf, Accept: "text/html" };
    const answer = await fetch(this.#place.url, { method: "POST", headers, body }).catch(() => undefined);
    if (!answer || answer.status >= 500) {
      this.#tell(this.#texts.offline);
      return this.#later(AGAIN_MS); // the same text again does no harm
    }
    if (answer.ok) {
      const made = await answer.json() as { version: number };
      this.#version = made.version;
      this.#kept = content;
      this.#say("");
      return this.#tell(this.#texts.saved);
    }
    this.#tell("");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const merge = page.querySelector<HTMLElement>("[data-part=merge]");
    if (!merge) return this.#say(refusal(page, answer));
    this.#rows.before(document.importNode(merge, true));
    this.#say("");
    this.#merge()?.querySelector("button")?.focus();
  }

  #merge(): HTMLElement | null {
    return this.#root.querySelector<HTMLElement>("[data-part=merge]");
  }

  /** Somebody decided between the two texts: from now on the other one has been seen. */
  async #choose(choice: string): Promise<void> {
    const merge = this.#merge();
    if (!merge) return;
    const theirs = json(merge, "theirs"), mine = this.#lines();
    if (choice === "theirs") this.#fill(theirs);
    else this.#fill(choice === "both" ? both(mine, theirs) : recounted(mine, theirs));
    this.#version = Number(merge.dataset["version"]);
    const program = "program" in merge.dataset;
    merge.remove();
    if (choice === "theirs" && !program) this.#kept = this.#content(); // that is what the server has
    focusOn(this.#rows.querySelector("li:not(.counted)"));
    await this.#send(program);
  }

  #tell(text: string): void {
    part(this.#root, "status").textContent = text;
  }

  #say(text: string): void {
    const message = part(this.#root, "message");
    message.textContent = text;
    message.hidden = !text;
  }
}

/** The server's sentence in a page that refuses something. */
export function refusal(page: ParentNode, answer: Response): string {
  return page.querySelector("[data-error]")?.textContent?.trim() ?? String(answer.status);
}

function contentOf(lines: Line[]): string {
  return JSON.stringify(lines.map(({ text, at, evidence }) => ({ text, at, evidence })));
}

function json(root: HTMLElement, name: string): Line[] {
  return JSON.parse(part(root, name).textContent ?? "[]") as Line[];
}

function focusOn(row: Element | null | undefined, caret?: number): void {
  const field = row?.querySelector("textarea");
  field?.focus();
  if (field && caret !== undefined) field.setSelectionRange(caret, caret);
}
