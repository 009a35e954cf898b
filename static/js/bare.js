/* Pages without the desk around them (log-in, errors) know the theme and nothing else. */
import * as theme from "./theme.js";

theme.start();
