/** Both worklets in one file: a context that hears also speaks. */

import './capture.js';
import './playback.js';
