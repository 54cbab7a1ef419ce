// bfloat16_t where the compiler has no such type: the upper half of a 32-bit float, rounded to nearest even.
#pragma once

struct bfloat16_t {
  // 32 bits, whatever `float` has been made to mean.
  using single = decltype(std::strtof("", nullptr));

  std::uint16_t bits;

  bfloat16_t() = default;
  bfloat16_t(float value) {
    single narrow = static_cast<single>(value);
    std::uint32_t word;
    std::memcpy(&word, &narrow, sizeof word);
    bits = narrow != narrow ? 0x7FC0 : std::uint16_t((word + 0x7FFF + (word >> 16 & 1)) >> 16);
  }
  operator float() const {
    std::uint32_t word = std::uint32_t(bits) << 16;
    single wide;
    std::memcpy(&wide, &word, sizeof wide);
    return wide;
  }
};
