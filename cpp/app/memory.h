#pragma once

namespace torchferry {

/// Has the allocator keep what was freed, instead of giving it back to the system and fetching it, page by
/// page, for the next call of the model. Measured on ResNet-18: batches of 16 in 0.93 of the time, one
/// picture in the same. To be called before much is allocated; does nothing where the C library is not glibc.
void keep_memory();

}  // namespace torchferry
