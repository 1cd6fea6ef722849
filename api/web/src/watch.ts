import { listen } from "./dom";

/** The events on the page's body that tell what of the protocol somebody changed; parts of the page fetch that anew. */
export const CHANGES = ["draft", "edits", "comments", "decided"].map((name) => `courtrec:protocol-${name}`);

/** `<courtrec-watch>`: passes on what the server tells of the hearing's protocol; `data-known` is what the page shows. */
export class WatchElement extends HTMLElement {
  #end: (() => void) | undefined;

  connectedCallback(): void {
    let known = JSON.parse(this.dataset["known"] ?? "{}") as Record<string, unknown>;
    this.#end = listen(`/live/protocol/${this.dataset["hearing"]}`, (source) => {
      source.addEventListener("protocol", (event) => {
        const now = JSON.parse(event.data as string) as Record<string, unknown>;
        const before = known;
        known = now;
        for (const name of Object.keys(now)) {
          if (now[name] !== before[name]) document.body.dispatchEvent(new Event(`courtrec:protocol-${name}`));
        }
      });
    });
  }

  disconnectedCallback(): void {
    this.#end?.();
  }
}
