// Enter and input methods. A Korean writer's Enter ends the syllable and
// sends; a Chinese or Japanese writer's Enter picks a candidate and must not.

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]/;
/** WebKit tells of the Enter that ended a composition only after its end. */
const JUST_ENDED_MS = 120;
const PROCESS_KEY = 229;

export interface EnterKey {
  key: string;
  code: string;
  shiftKey: boolean;
  isComposing: boolean;
  keyCode: number;
  preventDefault(): void;
}

/** Give it the events of a text field; it calls `send` once for each Enter
 *  that means it, when the field's text is whole. */
export class EnterToSend {
  private composed = '';
  private endedAt = 0;
  private after = false;

  constructor(
    private send: () => void,
    private clock: () => number = () => performance.now(),
  ) {}

  compositionStart(): void {
    this.composed = '';
    this.after = false;
  }

  compositionUpdate(data: string): void {
    if (data) this.composed = data;
  }

  compositionEnd(data: string): void {
    this.compositionUpdate(data);
    this.endedAt = this.clock();
    if (this.after) this.soon();
  }

  keyDown(e: EnterKey): void {
    // An input method at work may hide the key: then its place tells.
    const enter = e.key === 'Enter' || (e.key === 'Process' && /Enter$/.test(e.code));
    if (!enter || e.shiftKey) return;
    const hangul = HANGUL.test(this.composed);
    if (e.isComposing) {
      if (!hangul) return;
      e.preventDefault();
      this.after = true;
    } else if (e.keyCode === PROCESS_KEY) {
      if (!hangul || this.clock() - this.endedAt > JUST_ENDED_MS) return;
      e.preventDefault();
      this.soon();
    } else {
      e.preventDefault();
      this.send();
    }
  }

  /** In the next task the field holds what was composed. */
  private soon(): void {
    this.after = false;
    setTimeout(this.send);
  }
}
