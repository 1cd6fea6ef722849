import type { PlayerElement } from "./player/player";

/** `<courtrec-stages>`: stages that the program heard, decided on with the keyboard; times play the recording here. */
export class StagesElement extends HTMLElement {
  static #decided = false; // this panel comes as the answer to a decision

  connectedCallback(): void {
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    if (StagesElement.#decided) this.querySelector<HTMLElement>(".stage")?.focus(); // the next one is at hand
    StagesElement.#decided = false;
  }

  #onClick = (event: MouseEvent): void => {
    const target = event.target as HTMLElement;
    if (target.closest("[data-key]")) StagesElement.#decided = true;
    const time = target.closest<HTMLElement>("[data-start]");
    const player = document.querySelector<PlayerElement>("courtrec-player");
    if (!time || !player) return;
    event.preventDefault();
    player.scrollIntoView({ block: "nearest" });
    void player.seek(Number(time.dataset["start"]), true);
  };

  #onKey = (event: KeyboardEvent): void => {
    const stage = event.target as HTMLElement;
    if (event.repeat || !stage.matches(".stage")) return;
    const stages = [...this.querySelectorAll<HTMLElement>(".stage")].filter((one) => one.checkVisibility());
    const beside = (by: number): HTMLElement | undefined => stages[stages.indexOf(stage) + by];
    if (event.key === "ArrowDown") beside(1)?.focus();
    else if (event.key === "ArrowUp") beside(-1)?.focus();
    else if (event.key === "Enter") stage.querySelector<HTMLElement>(".at")?.click();
    else if (event.key === "+" || event.key === "-") stage.querySelector<HTMLElement>(`[data-key="${event.key}"]`)?.click();
    else return;
    event.preventDefault();
  };
}
