// A list in braces, which the compiler makes itself and knows by this name.
#pragma once
#ifdef XP_READING
namespace std {
template <class E>
class initializer_list {
  const E* first;
  size_t length;

 public:
  size_t size() const;
  const E* begin() const;
  const E* end() const;
};
}  // namespace std
#endif
