// All shared memory of the host: the list, its filters, and what is to be known of the host.

import * as segments from "./segments.js";

export function connect(host, actions) {
  segments.connect(actions);
}

export const { arrive, render } = segments;
