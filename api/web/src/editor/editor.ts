import { part } from "../../../../court/page/live.js";
import { fill, texts } from "../dom";
import { toast } from "../shell";
import { CHANGES } from "../watch";
import { refreshComments } from "./comments";
import { FieldEditor, type FieldTexts, refusal } from "./field";
import { type Line } from "./rows";

const TOGETHER_MS = 300;

interface Texts extends FieldTexts { insert: string; into: string }

/**
 * `<courtrec-editor>`: the fields of a protocol's draft, each kept by the server as it is typed, and the transcript beside
 * them, of which selected lines are put in.
 */
export class EditorElement extends HTMLElement {
  #texts!: Texts;
  #fields: FieldEditor[] = [];
  #last: FieldEditor | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  connectedCallback(): void {
    this.#texts = texts<Texts>(this);
    const place = { url: this.dataset["url"] ?? "", page: this.dataset["page"] ?? "", csrf: this.dataset["csrf"] ?? "" };
    for (const root of this.querySelectorAll<HTMLElement>("[data-field]")) {
      const field = new FieldEditor(root, place, this.#texts);
      this.#fields.push(field);
      if (field.locked) continue;
      if (!this.#last) this.#writeIn(field);
      root.addEventListener("focusin", () => this.#writeIn(field));
      root.querySelector("[data-deed=insert]")?.addEventListener("click", () => this.#insert(field));
    }
    const list = this.querySelector<HTMLElement>(".quotations");
    list?.addEventListener("change", () => this.#count());
    list?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target as HTMLElement).matches("input") || !this.#last) return;
      event.preventDefault();
      this.#insert(this.#last);
    });
    part(this, "unfold").addEventListener("click", () => this.#unfold(!this.#unfolded));
    part(this, "put").addEventListener("click", () => {
      this.#unfold(false);
      if (this.#last) this.#insert(this.#last);
    });
    addEventListener("beforeunload", this.#onLeave);
    for (const name of CHANGES) document.body.addEventListener(name, this.#onChange);
    // A revision is saved only when everything typed has reached the server.
    const save = document.querySelector<HTMLElement>("[data-part=save-revision]")?.closest("form");
    save?.addEventListener("submit", (event) => { event.preventDefault(); void this.#saveAll(save); });
  }

  disconnectedCallback(): void {
    removeEventListener("beforeunload", this.#onLeave);
    for (const name of CHANGES) document.body.removeEventListener(name, this.#onChange);
  }

  /** What others wrote is shown at once; several changes are fetched together. */
  #onChange = (): void => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), TOGETHER_MS);
  };

  async #refresh(): Promise<void> {
    const answer = await fetch(this.dataset["url"] ?? "", { headers: { Accept: "text/html" } }).catch(() => undefined);
    if (!answer || answer.status >= 500) return; // the next change brings it
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!answer.ok) return toast(refusal(page, answer));
    part(this, "standing").replaceWith(document.importNode(part(page, "standing"), true));
    for (const field of this.#fields) {
      const now = page.querySelector<HTMLElement>(`[data-field="${field.key}"]`);
      if (!now) continue;
      field.refresh(now);
      refreshComments(this, now);
    }
  }

  #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.#fields.some((one) => one.unsaved)) event.preventDefault();
  };

  async #saveAll(form: HTMLFormElement): Promise<void> {
    await Promise.all(this.#fields.map((one) => one.settle()));
    const held = this.#fields.find((one) => one.unsaved || one.undecided);
    if (held) return held.show();
    for (const button of form.querySelectorAll("button")) button.disabled = true;
    form.submit();
  }

  /** The field into which selected lines go. */
  #writeIn(field: FieldEditor): void {
    this.#last = field;
    part(this, "into").textContent = fill(this.#texts.into, { label: field.label });
  }

  get #unfolded(): boolean {
    return part(this, "unfold").ariaExpanded === "true";
  }

  /** On a narrow screen the transcript lies over the fields, at the bottom, and only its head is seen until it is asked for. */
  #unfold(open: boolean): void {
    part(this, "unfold").ariaExpanded = String(open);
    part(this, "quotations").toggleAttribute("data-open", open);
  }

  #selected(): HTMLInputElement[] {
    return [...this.querySelectorAll<HTMLInputElement>(".quotations input:checked")];
  }

  #count(): void {
    const count = this.#selected().length;
    for (const button of this.querySelectorAll<HTMLButtonElement>("[data-deed=insert], [data-part=put]")) {
      button.disabled = count === 0;
      button.textContent = fill(this.#texts.insert, { count: String(count) });
    }
  }

  #insert(field: FieldEditor): void {
    const chosen = this.#selected();
    if (!chosen.length) return;
    field.insert(chosen.map((one) => JSON.parse(one.dataset["line"] ?? "") as Line));
    for (const one of chosen) one.checked = false;
    this.#count();
  }
}
