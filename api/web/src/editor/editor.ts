import { fill, texts } from "../dom";
import { FieldEditor, type FieldTexts } from "./field";
import { type Line } from "./rows";

interface Texts extends FieldTexts { insert: string }

/**
 * `<courtrec-editor>`: the fields of a protocol's draft, each kept by the server as it is typed, and the transcript beside
 * them, of which selected lines are put in.
 */
export class EditorElement extends HTMLElement {
  #texts!: Texts;
  #fields: FieldEditor[] = [];
  #last: FieldEditor | undefined;

  connectedCallback(): void {
    this.#texts = texts<Texts>(this);
    const place = { url: this.dataset["url"] ?? "", page: this.dataset["page"] ?? "", csrf: this.dataset["csrf"] ?? "" };
    for (const root of this.querySelectorAll<HTMLElement>("[data-field]")) {
      const field = new FieldEditor(root, place, this.#texts);
      this.#fields.push(field);
      if (field.locked) continue;
      this.#last ??= field;
      root.addEventListener("focusin", () => { this.#last = field; });
      root.querySelector("[data-deed=insert]")?.addEventListener("click", () => this.#insert(field));
    }
    const list = this.querySelector<HTMLElement>(".quotations");
    list?.addEventListener("change", () => this.#count());
    list?.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.target as HTMLElement).matches("input") || !this.#last) return;
      event.preventDefault();
      this.#insert(this.#last);
    });
    addEventListener("beforeunload", this.#onLeave);
    // A revision is saved only when everything typed has reached the server.
    const save = document.querySelector<HTMLElement>("[data-part=save-revision]")?.closest("form");
    save?.addEventListener("submit", (event) => { event.preventDefault(); void this.#saveAll(save); });
  }

  disconnectedCallback(): void {
    removeEventListener("beforeunload", this.#onLeave);
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

  #selected(): HTMLInputElement[] {
    return [...this.querySelectorAll<HTMLInputElement>(".quotations input:checked")];
  }

  #count(): void {
    const count = this.#selected().length;
    for (const button of this.querySelectorAll<HTMLButtonElement>("[data-deed=insert]")) {
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
