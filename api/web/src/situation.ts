import { clock, metered, Meters, type Levels } from "../../../court/page/live.js";

/** The situation centre: the live levels of all rooms; whatever else changes is asked of the server again. */
export class SituationElement extends HTMLElement {
  #source: EventSource | undefined;
  #meters = new Map<Element, Meters>();
  #known = "";

  connectedCallback(): void {
    this.#source = new EventSource("/live/situation");
    this.#source.addEventListener("rooms", (event) => this.#show(JSON.parse(event.data as string) as Record<string, Levels>));
  }

  disconnectedCallback(): void {
    this.#source?.close();
  }

  #show(rooms: Record<string, Levels>): void {
    // What the cards say apart from levels: which nodes answer, their states, and the count of their alarms' changes.
    const known = JSON.stringify(Object.entries(rooms).map(([room, now]) => [room, now.state, now.alarms]));
    if (known !== this.#known) {
      this.#known = known;
      this.#meters.clear();
      document.body.dispatchEvent(new Event("courtrec:alarms"));
    }
    for (const card of this.querySelectorAll<HTMLElement>(".room")) {
      const now = rooms[card.dataset["room"] ?? ""];
      const meters = this.#meters.get(card) ?? new Meters(card, this.dataset["silent"] ?? "");
      this.#meters.set(card, meters);
      meters.show(now ? metered(now) : {});
      const time = card.querySelector('[data-part="clock"]');
      if (time && now?.state) time.textContent = clock(now.seconds);
    }
  }
}
