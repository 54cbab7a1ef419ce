// Rearranging tensors in NRAM (sec 3.12, 3.27). Source and destination never overlap.
#pragma once

// dst[x][y] = src[y][x]
template <class T>
XP_INTRINSIC inline void __bang_transpose(T* dst, const T* src, int height, int width) {
  XP_COUNT(height);
  XP_COUNT(width);
  XP_WHOLE_2XX(height * (int)sizeof(T), 64, "`height` in bytes");
  XP_WHOLE_2XX(width * (int)sizeof(T), 64, "`width` in bytes");
  XP_IN_NRAM(src, height * width);
  XP_OUT_NRAM(dst, height * width);
  XP_APART(dst, height * width, src, height * width);
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      dst[x * height + y] = src[y * width + x];
    }
  }
}

// A border of zeros around a [height][width][channel] tensor.
template <class T>
XP_INTRINSIC inline void __bang_pad(T* dst, const T* src, int channel, int height, int width, int pad_top,
                                    int pad_bottom, int pad_left, int pad_right) {
  XP_REQUIRE(channel > 0 && height > 0 && width > 0, "sizes must be positive");
  XP_REQUIRE(height > 1 || (pad_left == 0 && pad_right == 0), "a single row cannot be padded left or right");
  XP_IN_NRAM(src, height * width * channel);
  XP_OUT_NRAM(dst, (height + pad_top + pad_bottom) * (width + pad_left + pad_right) * channel);
  XP_APART(dst, (height + pad_top + pad_bottom) * (width + pad_left + pad_right) * channel, src,
           height * width * channel);
  for (int y = 0; y < height + pad_top + pad_bottom; ++y) {
    for (int x = 0; x < width + pad_left + pad_right; ++x) {
      for (int c = 0; c < channel; ++c) {
        T value = (T)0;
        if (y >= pad_top && y < height + pad_top && x >= pad_left && x < width + pad_left) {
          value = src[((y - pad_top) * width + x - pad_left) * channel + c];
        }
        dst[(y * (width + pad_left + pad_right) + x) * channel + c] = value;
      }
    }
  }
}

// The same with a border of pad_value.
template <class T>
XP_INTRINSIC inline void __bang_pad(T* dst, const T* src, int channel, int height, int width, int pad_top,
                                    int pad_bottom, int pad_left, int pad_right, T pad_value) {
  XP_REQUIRE(channel > 0 && height > 0 && width > 0, "sizes must be positive");
  XP_REQUIRE(height > 1 || (pad_left == 0 && pad_right == 0), "a single row cannot be padded left or right");
  XP_IN_NRAM(src, height * width * channel);
  XP_OUT_NRAM(dst, (height + pad_top + pad_bottom) * (width + pad_left + pad_right) * channel);
  XP_APART(dst, (height + pad_top + pad_bottom) * (width + pad_left + pad_right) * channel, src,
           height * width * channel);
  for (int y = 0; y < height + pad_top + pad_bottom; ++y) {
    for (int x = 0; x < width + pad_left + pad_right; ++x) {
      for (int c = 0; c < channel; ++c) {
        T value = pad_value;
        if (y >= pad_top && y < height + pad_top && x >= pad_left && x < width + pad_left) {
          value = src[((y - pad_top) * width + x - pad_left) * channel + c];
        }
        dst[(y * (width + pad_left + pad_right) + x) * channel + c] = value;
      }
    }
  }
}

// Weights [n][h][w][c] into the lane order that conv, matmul and mlp read from WRAM. The permutation is the hardware's
// own business: to a program the elements stay where they were, and every user of WRAM checks that this was called.
template <class T>
XP_INTRINSIC inline void __bang_reshape_filter(T* dst, const T* src, int n, int h, int w, int c) {
  XP_REQUIRE(n > 0 && h > 0 && w > 0 && c > 0, "sizes must be positive");
  XP_REQUIRE(n % 64 == 0, "`n` must be a multiple of 64");
  XP_REQUIRE(h * w * c * (int)sizeof(T) % 32 == 0, "a weight row (h * w * c) must be a multiple of 32 bytes");
  XP_IN_NRAM(src, n * h * w * c);
  XP_OUT_NRAM(dst, n * h * w * c);
  XP_APART(dst, n * h * w * c, src, n * h * w * c);
  for (int i = 0; i < n * h * w * c; ++i) {
    dst[i] = src[i];
  }
  XP_MARK_RESHAPED(dst, n, h * w * c);
}

// dst[n][c][h][w] = src[n][h][w][c]
template <class T>
XP_INTRINSIC inline void __bang_reshape_nhwc2nchw(T* dst, const T* src, int n, int h, int w, int c) {
  XP_REQUIRE(n > 0 && h > 0 && w > 0 && c > 0, "sizes must be positive");
  XP_IN_NRAM(src, n * h * w * c);
  XP_OUT_NRAM(dst, n * h * w * c);
  XP_APART(dst, n * h * w * c, src, n * h * w * c);
  for (int b = 0; b < n; ++b) {
    for (int ch = 0; ch < c; ++ch) {
      for (int y = 0; y < h; ++y) {
        for (int x = 0; x < w; ++x) {
          dst[((b * c + ch) * h + y) * w + x] = src[((b * h + y) * w + x) * c + ch];
        }
      }
    }
  }
}

// dst[n][h][w][c] = src[n][c][h][w]
template <class T>
XP_INTRINSIC inline void __bang_reshape_nchw2nhwc(T* dst, const T* src, int n, int h, int w, int c) {
  XP_REQUIRE(n > 0 && h > 0 && w > 0 && c > 0, "sizes must be positive");
  XP_IN_NRAM(src, n * h * w * c);
  XP_OUT_NRAM(dst, n * h * w * c);
  XP_APART(dst, n * h * w * c, src, n * h * w * c);
  for (int b = 0; b < n; ++b) {
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        for (int ch = 0; ch < c; ++ch) {
          dst[((b * h + y) * w + x) * c + ch] = src[((b * c + ch) * h + y) * w + x];
        }
      }
    }
  }
}

// dst[y][x] = src[y][width - 1 - x]
template <class T>
XP_INTRINSIC inline void __bang_mirror(T* dst, const T* src, int height, int width) {
  XP_COUNT(height);
  XP_COUNT(width);
  XP_IN_NRAM(src, height * width);
  XP_OUT_NRAM(dst, height * width);
  XP_APART(dst, height * width, src, height * width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      dst[y * width + x] = src[y * width + width - 1 - x];
    }
  }
}

// dst[height - 1 - y][width - 1 - x] = src[y][x]
template <class T>
XP_INTRINSIC inline void __bang_rotate180(T* dst, const T* src, int height, int width) {
  XP_COUNT(height);
  XP_COUNT(width);
  XP_IN_NRAM(src, height * width);
  XP_OUT_NRAM(dst, height * width);
  XP_APART(dst, height * width, src, height * width);
  for (int i = 0; i < height * width; ++i) {
    dst[i] = src[height * width - 1 - i];
  }
}

// Turned clockwise: dst[x][height - 1 - y] = src[y][x]
template <class T>
XP_INTRINSIC inline void __bang_rotate90(T* dst, const T* src, int height, int width) {
  XP_COUNT(height);
  XP_COUNT(width);
  XP_IN_NRAM(src, height * width);
  XP_OUT_NRAM(dst, height * width);
  XP_APART(dst, height * width, src, height * width);
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      dst[x * height + y] = src[(height - 1 - y) * width + x];
    }
  }
}

// Turned counter-clockwise: dst[width - 1 - x][y] = src[y][x]
template <class T>
XP_INTRINSIC inline void __bang_rotate270(T* dst, const T* src, int height, int width) {
  XP_COUNT(height);
  XP_COUNT(width);
  XP_IN_NRAM(src, height * width);
  XP_OUT_NRAM(dst, height * width);
  XP_APART(dst, height * width, src, height * width);
  for (int x = 0; x < width; ++x) {
    for (int y = 0; y < height; ++y) {
      dst[x * height + y] = src[y * width + width - 1 - x];
    }
  }
}
