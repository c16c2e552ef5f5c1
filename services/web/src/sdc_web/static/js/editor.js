// The editor: a textarea and its form, made better. Each module does one thing; without any of them the form still posts.

import "./editor/saving.js";
import "./editor/titling.js";
import "./editor/formatting.js";
import "./editor/attaching.js";
import "./editor/pasting.js";
import "./editor/choosing.js";
import "./editor/counting.js";
import "./editor/opening.js";
import "./editor/remembering.js";
