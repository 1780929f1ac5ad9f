#pragma once

namespace torchferry {

/// Has SIGINT and SIGTERM wait for what is under way; a second one does not wait.
void heed_signals();

/// The signal that came; 0 where none has.
[[nodiscard]] int interruption();

}  // namespace torchferry
