import { Keys, part } from "../../../court/page/live.js";
import { wordsBefore } from "./caret";
import { texts } from "./dom";
import { toast } from "./shell";

interface Texts { offline: string; unsaved: string }
interface Answer { ok: boolean; told: string; shown: HTMLElement[] }

/**
 * `<courtrec-corrections>`: corrects the transcript beside it in place, one line at a time. The server carries each
 * correction out and gives the lines that stand there from then on.
 */
export class CorrectionsElement extends HTMLElement {
  #texts!: Texts;
  #panel!: HTMLElement;
  #keys = new Keys();
  #line: HTMLElement | undefined;
  #editor: HTMLFormElement | undefined;
  #busy = false;

  connectedCallback(): void {
    this.#texts = texts<Texts>(this);
    this.#panel = this.parentElement as HTMLElement;
    this.#panel.addEventListener("click", this.#onClick, { capture: true });
    this.#panel.addEventListener("dblclick", this.#onDoubleClick);
    this.#panel.addEventListener("keydown", this.#onKey);
    // While somebody writes, news of a transcript that still grows must not take the line away.
    this.#panel.addEventListener("htmx:beforeRequest", (event) => { if (this.#editor) event.preventDefault(); });
  }

  #onClick = (event: MouseEvent): void => {
    const target = event.target as HTMLElement;
    const deed = target.closest<HTMLElement>("[data-deed]")?.dataset["deed"];
    const inside = target.closest(".correction, [data-part=edit], details") !== null;
    if (inside) event.stopPropagation(); // the player would go to that moment
    if (deed) void this.#do(deed);
    else if (!this.#busy && target.closest("[data-part=edit]")) this.#open(target.closest<HTMLElement>(".utterance"));
  };

  #onDoubleClick = (event: MouseEvent): void => {
    const said = (event.target as HTMLElement).closest("[data-part=said]");
    if (said) this.#open(said.closest<HTMLElement>(".utterance"));
  };

  #onKey = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    if (target.closest(".correction")) {
      if (event.key === "Escape") this.#close();
      else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void this.#do("save");
      else return;
      event.preventDefault();
      return;
    }
    if (!target.matches(".utterance")) return;
    if (event.key === "Enter") this.#open(target);
    else if (event.key === "ArrowDown") this.#beside(target, 1)?.focus();
    else if (event.key === "ArrowUp") this.#beside(target, -1)?.focus();
    else return;
    event.preventDefault();
  };

  #beside(line: HTMLElement, by: number): HTMLElement | undefined {
    const lines = [...this.#panel.querySelectorAll<HTMLElement>(".utterance")];
    return lines[lines.indexOf(line) + by];
  }

  #open(line: HTMLElement | null, text?: string): void {
    if (!line || line === this.#line) return;
    if (this.#editor && this.#changed()) return this.#say(this.#texts.unsaved);
    this.#close(false);
    const template = part<HTMLTemplateElement>(this, "editor");
    const editor = template.content.firstElementChild?.cloneNode(true) as HTMLFormElement;
    const field = editor.elements.namedItem("text") as HTMLTextAreaElement;
    field.defaultValue = said(line);
    field.value = text ?? field.defaultValue;
    editor.querySelector<HTMLElement>("[data-deed=undo]")?.toggleAttribute("hidden", !line.querySelector(".corrected"));
    editor.addEventListener("submit", (event) => event.preventDefault());
    part(line, "said").hidden = true;
    part(line, "said").after(editor);
    line.classList.add("open");
    this.#line = line;
    this.#editor = editor;
    editor.scrollIntoView({ block: "nearest" });
    field.focus({ preventScroll: true });
  }

  #close(focus = true): void {
    this.#editor?.remove();
    if (this.#line) part(this.#line, "said").hidden = false;
    this.#line?.classList.remove("open");
    if (focus) this.#line?.focus();
    this.#line = this.#editor = undefined;
  }

  #field(): HTMLTextAreaElement {
    return this.#editor?.elements.namedItem("text") as HTMLTextAreaElement;
  }

  #changed(): boolean {
    return words(this.#field().value) !== words(this.#field().defaultValue);
  }

  #say(text: string): void {
    if (!this.#editor) return toast(text);
    const message = part(this.#editor, "message");
    message.textContent = text;
    message.hidden = false;
    message.scrollIntoView({ block: "nearest" });
  }

  async #do(deed: string): Promise<void> {
    if (!this.#editor || !this.#line || this.#busy) return;
    if (deed === "cancel") return this.#close();
    if (["confirm", "merge", "undo"].includes(deed) && this.#changed()) return this.#say(this.#texts.unsaved);
    const field = this.#field();
    const speaker = (this.#editor.elements.namedItem("speaker") as HTMLSelectElement).value;
    const orders: Record<string, string>[] = [];
    if (deed === "save") {
      if (this.#changed()) orders.push({ deed: "text", text: field.value });
      if (speaker) orders.push({ deed: "speaker", speaker });
    } else if (deed === "split") orders.push({ deed, text: field.value, at: String(wordsBefore(field.value, field.selectionStart)) });
    else if (deed === "merge") orders.push({ deed, above: this.#beside(this.#line, -1)?.dataset["id"] ?? "" });
    else orders.push({ deed });
    let line: HTMLElement | undefined = this.#line;
    this.#busy = true;
    for (const order of orders) {
      line = await this.#send(order, line, field.value);
      if (!line) break;
    }
    this.#busy = false;
    if (!orders.length) this.#close();
  }

  /** Carries one order out and gives the first line that stands there then; undefined where it was not done. */
  async #send(order: Record<string, string>, line: HTMLElement, written: string): Promise<HTMLElement | undefined> {
    const content = { ...order, line: line.dataset["id"] ?? "" };
    const name = JSON.stringify(content);
    const answer = await this.#answer({ ...content, key: this.#keys.for(name) });
    if (!answer) this.#say(this.#texts.offline); // it may have been done: sent again it bears the same key
    else this.#keys.settle(name);
    const first = answer?.shown[0];
    if (first) {
      this.#line = this.#editor = undefined; // they went with the lines they were in
      first.focus();
      this.dispatchEvent(new CustomEvent("courtrec:lines", { bubbles: true }));
      if (!answer.ok) this.#open(first, written); // somebody was faster: what was written stays, over what is there now
    }
    if (answer && !answer.ok) this.#say(answer.told);
    return answer?.ok ? first : undefined;
  }

  async #answer(content: Record<string, string>): Promise<Answer | undefined> {
    const headers = { "X-CSRF-Token": this.dataset["csrf"] ?? "", Accept: "text/html" };
    const answer = await fetch(this.dataset["url"] ?? "", { method: "POST", headers, body: new URLSearchParams(content) }).catch(() => undefined);
    if (!answer || answer.status >= 500) return undefined;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const lines = page.querySelector<HTMLElement>("[data-gone]");
    if (!lines) return { ok: false, told: page.querySelector("[data-error]")?.textContent?.trim() ?? String(answer.status), shown: [] };
    return { ok: answer.ok, told: lines.dataset["overtaken"] ?? "", shown: this.#replace(lines) };
  }

  #replace(lines: HTMLElement): HTMLElement[] {
    const gone = (lines.dataset["gone"] ?? "").split(" ").flatMap((id) => [...this.#panel.querySelectorAll<HTMLElement>(`.utterance[data-id="${CSS.escape(id)}"]`)]);
    const shown = [...lines.querySelectorAll<HTMLElement>(".utterance")].map((one) => document.importNode(one, true));
    gone[0]?.before(...shown);
    for (const one of gone) one.remove();
    return shown;
  }
}

function said(line: HTMLElement): string {
  const text = words(part(line, "said").textContent ?? "");
  return text === "…" ? "" : text;
}

function words(text: string): string {
  return text.split(/\s+/u).filter(Boolean).join(" ");
}
