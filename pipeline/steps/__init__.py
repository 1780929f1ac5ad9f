"""The programs that doit starts. They share helpers, and never import each other."""

import gc

gc.disable()  # while modules are imported, a tenth of whose time it takes; the edge around a step enables it
