import type { PlayerElement } from "./player/player";

/** `<courtrec-stages>`: stages that the program heard, decided on with the keyboard; times play the recording here. */
export class StagesElement extends HTMLElement {
  static #decided = false; // this panel comes as the answer to a decision
  static #focused = ""; // where the keyboard was in the panel that this one replaces, after somebody else's decision

  connectedCallback(): void {
    this.addEventListener("click", this.#onClick);
    this.addEventListener("keydown", this.#onKey);
    this.addEventListener("focusin", (event) => { StagesElement.#focused = place((event.target as HTMLElement).closest(".stage")); });
    this.addEventListener("focusout", () => setTimeout(() => { if (this.isConnected && !this.contains(document.activeElement)) StagesElement.#focused = ""; }));
    const stages = [...this.querySelectorAll<HTMLElement>(".stage")].filter((one) => one.checkVisibility());
    const next = stages[0] ?? this.querySelector<HTMLElement>("[role=status]");
    const same = stages.find((one) => place(one) === StagesElement.#focused);
    if (StagesElement.#decided) next?.focus(); // the next one is at hand
    else if (StagesElement.#focused) (same ?? next)?.focus();
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

/** Kind and moment, by which a stage is known in every panel. */
function place(stage: HTMLElement | null): string {
  return stage ? `${stage.dataset["stage"]} ${stage.dataset["at"]}` : "";
}
