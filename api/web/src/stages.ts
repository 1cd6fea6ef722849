import type { PlayerElement } from "./player/player";

/** `<courtrec-stages>`: stages that the program heard, decided on with the keyboard; times play the recording here. */
export class StagesElement extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    // This is the answer to a decision: the next proposal is at hand.
    if (document.activeElement === document.body && this.previousDecision()) this.querySelector<HTMLElement>(".stage")?.focus();
  }

  /** Whether a decision brought this panel here, told once. */
  private previousDecision(): boolean {
    const told = StagesElement.#decided;
    StagesElement.#decided = false;
    return told;
  }

  static #decided = false;

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
    const key = event.key === "−" ? "-" : event.key;
    if (key === "ArrowDown") beside(1)?.focus();
    else if (key === "ArrowUp") beside(-1)?.focus();
    else if (key === "Enter") stage.querySelector<HTMLElement>(".at")?.click();
    else if (key === "+" || key === "-") stage.querySelector<HTMLElement>(`[data-key="${key}"]`)?.click();
    else return;
    event.preventDefault();
  };
}
