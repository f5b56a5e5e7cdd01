// How many points a frame holds: all at rest; while the map moves on a slow machine, fewer.

export const REST_MS = 160; // after a movement, until pictures are chosen anew
const SLOW_MS = 60; // between two frames of a movement, from which fewer points are painted
const FEWEST = 15_000; // points painted while it moves, however slow the machine

export class Pace {
  constructor(clock = () => performance.now()) {
    Object.assign(this, { clock, moving: false, limit: Infinity, painted: null });
  }

  // Of all n points, the last of the order: those are the chosen and the labeled ones.
  most(n) {
    const now = this.clock();
    const since = now - (this.painted ?? now);
    this.painted = now;
    if (!this.moving) return n;
    if (since > SLOW_MS && since < REST_MS * 4) this.limit = Math.max(FEWEST, Math.min(n, this.limit) / 2);
    return Math.min(n, this.limit);
  }

  // The movement is over; whether points are missing.
  rest(n) {
    const missing = this.moving && this.limit < n;
    this.moving = false;
    return missing;
  }
}
