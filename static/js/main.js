/* The desk's scripts. Every page reads and decides without them. */
import * as theme from "./theme.js";
import * as clock from "./clock.js";
import * as countdown from "./countdown.js";
import * as nav from "./nav.js";
import * as newrows from "./newrows.js";
import * as decide from "./decide.js";
import * as queue from "./queue.js";
import * as hotkeys from "./hotkeys.js";
import * as failures from "./failures.js";
import * as live from "./live.js";

// live first: hx-ws connects as soon as htmx is ready.
for (const part of [live, theme, clock, countdown, nav, newrows, decide, queue, hotkeys, failures]) part.start();
