/** What /api/hearings/{id}/timeline answers, as far as the player needs it. Times are seconds on the hearing's timeline. */
export interface Timeline {
  state: string;
  duration: number;
  tracks: Track[];
  gaps: Gap[];
  /** What a spare node recorded where the first did not; their ends are the seams. */
  fills: Fill[];
  mutes: Mute[];
  notes: Note[];
  utterances: Utterance[];
}

export interface Span { start: number; end: number }
export interface Segment extends Span { sequence: number; partial: boolean; playable: boolean }
export interface Track { track: string; role: string; kind: "audio" | "video"; derived: boolean; segments: Segment[] }
export interface Gap extends Span { track: string; cause: string; declared: boolean }
export interface Fill extends Span { track: string; spare: string; uncertainty: number; heard: boolean }
/** A microphone that the secretary declared muted; it was recorded all the same. */
export interface Mute { track: string; start: number; end: number | null }
export interface Note { at: number; template: string; text: string }
export interface Utterance extends Span { id: number; track: string; role: string; text: string; flags: string[] }

export interface Texts {
  timeline: string; skipped: string; lostTrack: string; lostPicture: string; copied: string; mediaError: string;
  noMatches: string; gap: string; fault: string; muted: string; note: string; spare: string; spareAt: string; mix: string; picture: string;
  causes: Record<string, string>; roles: Record<string, string>; templates: Record<string, string>;
}
