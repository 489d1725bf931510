// What a press on the map selects: the byte where bytes are drawn, else what is known to stand there or the block that the
// server says.

import { hex } from "../../format.js";
import * as cameras from "../../map/camera.js";
import { sentence } from "../../map/colours.js";
import { rangeOfThing, thingAt } from "../../map/display.js";

const sayAfterMilliseconds = 400;

export class Chooser {
  #map;
  /** Counts what was asked for by hand: of two answers the one to the newer question selects. */
  #questions = 0;
  #step;
  #sayTimer = 0;

  /** `map` is `{actions, select(range), tell(text), selection(), view(), isPast(), pool(), source(), move(view)}`. */
  constructor(map) {
    this.#map = map;
  }

  /** Another object, or none: no answer that is still to come selects anything. */
  leave() {
    this.#questions += 1;
    this.#step = undefined;
    clearTimeout(this.#sayTimer);
  }

  /** Selects nothing. */
  drop() {
    this.#questions += 1;
    this.#map.select({ at: undefined, to: undefined });
  }

  /** What a press on a byte selects: it alone where bytes are drawn, else what stands there. */
  press(byte) {
    if (byte < 0 || byte >= this.#map.view().sizeBytes) return;
    if (this.#map.isPast() || !cameras.showsBytes(this.#map.view())) {
      this.#choose(byte);
      return;
    }
    this.#questions += 1;
    this.#map.select({ at: byte, to: byte + 1 });
    this.#say(`Byte at ${hex(byte)}`);
  }

  /** Selects what stands at a byte; where only a stretch is known, the server says which block it is. */
  async #choose(byte) {
    const isCurrent = this.#ask();
    const thing = thingAt(byte, this.#map.source());
    let { block } = thing;
    if (thing.bucket && !this.#map.isPast()) {
      block = await this.#blockAt(byte);
      if (!isCurrent()) return;
    }
    if (block) {
      this.#select(block);
      return;
    }
    const range = rangeOfThing(thing) ?? { from: byte, to: byte + 1 };
    this.#map.select({ at: range.from, to: range.to });
  }

  /**
   * Selects the block behind the selected one, or before it, or in the middle of what is seen. A step that is asked for
   * while another one is under way follows it; of several, the last.
   */
  async step(direction) {
    if (this.#map.isPast() && direction !== 0) {
      this.#map.actions.toast({ text: "The single blocks of the past are not kept: go back to now to step through them.", tone: "warning" });
      return;
    }
    if (this.#step) {
      this.#step.next = direction;
      return;
    }
    const step = {};
    this.#step = step;
    const isDone = await this.#take(direction);
    if (this.#step !== step) return;
    this.#step = undefined;
    if (isDone && step.next !== undefined) this.step(step.next);
  }

  /** Says whether nothing else was asked for meanwhile. */
  async #take(direction) {
    const { from, to } = cameras.rangeOf(this.#map.view());
    const middle = Math.floor((from + to) / 2);
    const start = this.#map.selection() ?? { from: middle, to: middle + 1 };
    if (!this.#map.pool() || this.#map.isPast()) {
      this.#choose(start.from);
      return false;
    }
    const isCurrent = this.#ask();
    const here = await this.#blockAt(start.from);
    if (!isCurrent()) return false;
    if (!here && !this.#isInPool(start.from)) return this.#enter(direction, start.from, isCurrent);
    const next = !here || direction === 0 ? here : await this.#blockAt(direction > 0 ? here.spanOffset + here.spanBytes : here.spanOffset - 1);
    if (!isCurrent()) return false;
    const block = next ?? here;
    if (block) this.#show(block);
    return true;
  }

  /** From outside of the pool to its first block or its last one, whichever comes first that way. Answers as `#take` does. */
  async #enter(direction, byte, isCurrent) {
    if (direction === 0) {
      this.#choose(byte);
      return false;
    }
    const { from, to } = this.#map.pool();
    const isAhead = direction > 0 ? byte < from : byte >= to;
    const block = isAhead ? await this.#blockAt(direction > 0 ? from : to - 1) : undefined;
    if (!isCurrent()) return false;
    if (block) {
      this.#show(block);
      return true;
    }
    // What the step before has still to say would speak over it.
    clearTimeout(this.#sayTimer);
    this.#map.tell(`There is no block ${direction > 0 ? "behind" : "before"} ${hex(byte)}.`);
    return true;
  }

  /** Selects a block and brings it into sight. */
  #show(block) {
    this.#select(block);
    const view = this.#map.view();
    const shown = cameras.revealing(view, block.spanOffset, block.spanOffset + block.spanBytes);
    if (shown !== view) this.#map.move(shown);
  }

  /** Begins a question; what it gives says whether its answer still matters: none newer, and the same object. */
  #ask() {
    this.#questions += 1;
    const question = this.#questions;
    const { segment } = this.#map.actions.route();
    return () => this.#questions === question && this.#map.actions.route().segment === segment;
  }

  /** The block whose span holds a byte; undefined outside the pool, and where the server does not say. */
  async #blockAt(byte) {
    if (!this.#isInPool(byte)) return undefined;
    const { route, api } = this.#map.actions;
    return api.get(`segments/${route().segment}/blocks?at=${byte}&limit=1`).then((answer) => answer.blocks[0], () => undefined);
  }

  #isInPool(byte) {
    const { from, to } = this.#map.pool();
    return byte >= from && byte < to;
  }

  #select(block) {
    this.#map.select({ at: block.offset, to: block.offset + Math.max(1, block.sizeBytes) });
    this.#say(`Block at ${hex(block.offset)}: ${sentence(block, this.#map.source().now)}`);
  }

  /** Of what follows quickly, the last. */
  #say(text) {
    clearTimeout(this.#sayTimer);
    this.#sayTimer = setTimeout(() => this.#map.actions.announce(text), sayAfterMilliseconds);
  }
}
