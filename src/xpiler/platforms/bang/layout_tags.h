// Which ranges of NRAM and WRAM hold weights in lane order. The order is not public; that it was made is checked.
#pragma once

namespace xp_tags {

struct Tag {
  unsigned task;
  const char* begin;
  std::size_t rows, row_bytes;
  const char* end() const { return begin + rows * row_bytes; }
};

inline std::vector<Tag> tags;

// The range is written by something else.
inline void forget(const void* p, std::size_t bytes) {
  if (tags.empty()) return;
  auto begin = static_cast<const char*>(p);
  auto touched = [=](const Tag& t) {
    return t.task == xp::task && begin < t.end() && t.begin < begin + bytes;
  };
  tags.erase(std::remove_if(tags.begin(), tags.end(), touched), tags.end());
}

inline void remember(const void* p, std::size_t rows, std::size_t row_bytes) {
  forget(p, rows * row_bytes);
  tags.push_back({xp::task, static_cast<const char*>(p), rows, row_bytes});
}

// Weights keep their layout through one copy of all of them.
inline void moved(const void* dst, const void* src, std::size_t bytes) {
  auto whole = [=](const Tag& t) {
    return t.task == xp::task && t.begin == src && t.rows * t.row_bytes == bytes;
  };
  auto found = std::find_if(tags.begin(), tags.end(), whole);
  if (found == tags.end()) return forget(dst, bytes);
  Tag tag = *found;
  remember(dst, tag.rows, tag.row_bytes);
}

inline bool reshaped(const void* p, std::size_t rows, std::size_t row_bytes) {
  return std::any_of(tags.begin(), tags.end(), [=](const Tag& t) {
    return t.task == xp::task && t.begin == p && t.rows == rows && t.row_bytes == row_bytes;
  });
}

}  // namespace xp_tags
