import { clock, Keys, metered, Meters, part, typing, type Levels } from "../../../court/page/live.js";

const STALE_MS = 3000;

/** The secretary's console: live levels, the running clock, notes by hotkey. Actions are htmx's. */
export class ConsoleElement extends HTMLElement {
  #source: EventSource | undefined;
  #meters = new Meters(this, this.dataset["silent"] ?? "");
  #keys = new Keys();
  #seen: string | undefined;
  #heard = 0;
  #alarms: number | undefined;
  #watch = 0;

  connectedCallback(): void {
    this.#meters = new Meters(this, this.dataset["silent"] ?? "");
    part(this, "lost").querySelector("p")!.textContent = this.dataset["lost"] ?? "";
    document.addEventListener("keydown", this.#onKey);
    this.addEventListener("click", this.#onClick, { capture: true });
    this.addEventListener("htmx:configRequest", this.#onSend);
    this.addEventListener("htmx:afterRequest", this.#onDone);
    this.#source = new EventSource("/live/levels");
    this.#source.addEventListener("levels", (event) => this.#show(JSON.parse(event.data as string) as Levels));
    this.#heard = performance.now();
    this.#watch = window.setInterval(() => this.#checkFresh(), 1000);
  }

  disconnectedCallback(): void {
    this.#source?.close();
    clearInterval(this.#watch);
    document.removeEventListener("keydown", this.#onKey);
  }

  #checkFresh(): void {
    const state = document.getElementById("state");
    const live = state?.dataset["state"] !== "ended";
    part(this, "lost").hidden = !live || performance.now() - this.#heard < STALE_MS;
    // A connection the server ended is not taken up again by the browser itself.
    if (live && this.#source?.readyState === EventSource.CLOSED) {
      this.disconnectedCallback();
      this.connectedCallback();
    }
  }

  #show(now: Levels): void {
    this.#heard = performance.now();
    const state = document.getElementById("state");
    const seen = `${now.steps} ${now.orders}`; // somebody else may have led the hearing on
    if (state && now.state && seen !== (this.#seen ?? state.dataset["seen"])) {
      document.body.dispatchEvent(new Event("courtrec:changed"));
    }
    this.#seen = seen;
    if (now.alarms !== this.#alarms) {
      this.#alarms = now.alarms;
      document.body.dispatchEvent(new Event("courtrec:alarms"));
    }
    const time = this.querySelector('[data-part="clock"]');
    if (time && now.state) time.textContent = clock(now.seconds);
    this.#meters.show(metered(now));
  }

  /** A double tap is one note: a second one would stand in the signed protocol. */
  #onClick = (event: MouseEvent): void => {
    if (event.detail > 1 && (event.target as Element).closest("[name=template]")) {
      event.preventDefault();
      event.stopPropagation();
    }
  };

  #onKey = (event: KeyboardEvent): void => {
    const field = part<HTMLInputElement>(this, "note-text");
    if (event.repeat) {
      // A held Enter would press the button in focus again and again.
      if (event.key === "Enter" && this.contains(event.target as Node)) event.preventDefault();
    } else if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      part(this, "free-note").click();
    } else if (/^[1-9]$/.test(event.key) && !typing(event)) {
      this.querySelector<HTMLElement>(`[data-hotkey="${event.key}"]`)?.click();
    }
  };

  /** A note's key goes with it, so that pressing again after a lost answer is the same note. */
  #onSend = (event: Event): void => {
    const { elt, parameters } = (event as CustomEvent<{ elt: Element; parameters: Record<string, string> }>).detail;
    if (elt.matches("form")) parameters["key"] = this.#keys.for(content(parameters));
  };

  #onDone = (event: Event): void => {
    const { successful, elt, xhr, requestConfig } = (event as CustomEvent<Done>).detail;
    if (xhr.status === 409) document.body.dispatchEvent(new Event("courtrec:changed"));
    if (!elt.matches("form") || xhr.status === 0 || xhr.status >= 500) return;
    this.#keys.settle(content(requestConfig.parameters));
    if (successful) (elt as HTMLFormElement).reset();
  };
}

interface Done {
  successful: boolean; elt: Element; xhr: XMLHttpRequest; requestConfig: { parameters: Record<string, string> };
}

function content(parameters: Record<string, string>): string {
  return JSON.stringify([parameters["template"], parameters["text"]]);
}
