import { clock, part } from "../../../court/page/live.js";
import { texts } from "./dom";

const GONE_AFTER_MS = 4000;

interface Line { id: string; role: string; at: number; stable: string; rest: string; final: boolean; doubtful: boolean }
interface Texts { roles: Record<string, string>; states: Record<string, string> }

/**
 * What is being said, as it is recognised: lines are revised in place until they are final, and leave when the
 * transcript has taken their place. Screen readers hear final lines only.
 */
export class LiveTextElement extends HTMLElement {
  #source: EventSource | undefined;
  #lines = new Map<string, HTMLElement>();
  #texts: Texts = { roles: {}, states: {} };
  #watch = 0;

  connectedCallback(): void {
    this.#texts = texts<Texts>(this);
    this.#listen();
    // A connection that the server refused is not taken up again by the browser itself.
    this.#watch = window.setInterval(() => {
      if (this.#source?.readyState === EventSource.CLOSED) this.#listen();
    }, 3000);
  }

  disconnectedCallback(): void {
    this.#source?.close();
    clearInterval(this.#watch);
  }

  #listen(): void {
    this.#source?.close();
    const source = this.#source = new EventSource(`/live/text/${this.dataset["hearing"]}`);
    let known: Set<string> | undefined = new Set(); // after a break in the line: what is still there is told anew at once
    source.addEventListener("text", (event) => {
      const line = JSON.parse(event.data as string) as Line;
      known?.add(line.id);
      this.#show(line);
    });
    source.addEventListener("gone", (event) => this.#leave(JSON.parse(event.data as string) as string[]));
    source.addEventListener("state", (event) => this.#tell(JSON.parse(event.data as string) as string));
    source.addEventListener("open", () => {
      const present = known ??= new Set<string>();
      window.setTimeout(() => {
        this.#leave([...this.#lines.keys()].filter((id) => !present.has(id)));
        known = undefined;
      }, 1000);
    });
  }

  #show(line: Line): void {
    const shown = this.#lines.get(line.id) ?? this.#add(line);
    const wasFinal = shown.classList.contains("final");
    shown.classList.toggle("final", line.final);
    shown.classList.toggle("doubtful", line.final && line.doubtful);
    shown.querySelector(".stable")!.textContent = line.stable;
    shown.querySelector(".rest")!.textContent = line.rest && line.stable ? ` ${line.rest}` : line.rest;
    if (line.final && !wasFinal) this.#announce(`${this.#role(line)}: ${line.stable}`);
  }

  #add(line: Line): HTMLElement {
    const list = part(this, "live-lines");
    const following = this.scrollHeight - this.scrollTop - this.clientHeight < 80;
    const shown = document.createElement("li");
    shown.dataset["at"] = String(line.at);
    shown.innerHTML = '<time></time><p><b class="role"></b> <span class="stable"></span><i class="rest"></i></p>';
    shown.querySelector("time")!.textContent = clock(line.at);
    shown.querySelector(".role")!.textContent = this.#role(line);
    const later = [...list.children].find((one) => Number((one as HTMLElement).dataset["at"]) > line.at);
    list.insertBefore(shown, later ?? null);
    this.#lines.set(line.id, shown);
    if (following) this.scrollTop = this.scrollHeight;
    return shown;
  }

  /** They stay until the transcript shows them, or a moment at most. */
  #leave(ids: string[]): void {
    if (ids.length === 0) return;
    const leaving = ids.map((id) => [id, this.#lines.get(id)] as const);
    for (const [id] of leaving) this.#lines.delete(id);
    const remove = (): void => {
      for (const [, shown] of leaving) shown?.remove();
      document.body.removeEventListener("htmx:afterSettle", swapped);
    };
    const swapped = (event: Event): void => {
      if (["said", "transcript"].includes((event.target as Element | null)?.id ?? "")) remove();
    };
    document.body.addEventListener("htmx:afterSettle", swapped);
    window.setTimeout(remove, GONE_AFTER_MS);
    document.body.dispatchEvent(new Event("courtrec:said"));
  }

  #tell(state: string): void {
    const text = this.#texts.states[state] ?? "";
    const shown = part(this, "live-state");
    shown.textContent = text;
    shown.hidden = text === "";
    this.dataset["state"] = state;
  }

  #role(line: Line): string {
    return this.#texts.roles[line.role] ?? "";
  }

  #announce(text: string): void {
    const heard = part(this, "announced");
    const one = document.createElement("p");
    one.textContent = text;
    heard.append(one);
    while (heard.children.length > 3) heard.firstElementChild?.remove();
  }
}
