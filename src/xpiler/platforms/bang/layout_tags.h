// Which ranges of NRAM and WRAM hold weights in lane order. The order is not public; that it was made is checked;
// the bodies are in running.cpp.
#pragma once

namespace xp_tags {

void clear();
void forget(const void* p, std::size_t bytes);  // the range is written by something else
void remember(const void* p, std::size_t rows, std::size_t row_bytes);
void moved(const void* dst, const void* src, std::size_t bytes);  // weights keep their layout in a copy of all of them
bool reshaped(const void* p, std::size_t rows, std::size_t row_bytes);

}  // namespace xp_tags
