#include "image/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "image/notes.h"
#include "image/orientation.h"

namespace torchferry {

namespace {

constexpr std::size_t kMinChunkLimit = 8'000'000;

/// One picture being decoded, and all that libpng holds of it.
class PngReader {
 public:
  PngReader(std::span<const std::uint8_t> bytes, const std::string& name) : bytes_(bytes), name_(name) {
    png_ = png_create_read_struct(
        PNG_LIBPNG_VER_STRING, this,
        [](png_structp png, png_const_charp message) {
          static_cast<PngReader*>(png_get_error_ptr(png))->give_up(message);
        },
        [](png_structp png, png_const_charp message) {
          static_cast<PngReader*>(png_get_error_ptr(png))->hear(message);
        });
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  Image read() {
    if (info_ == nullptr) throw Error(ExitCode::environment, "libpng cannot be started; free some memory");
    guard([&] { open(); });
    const auto width = png_get_image_width(png_, info_);
    const auto height = png_get_image_height(png_, info_);
    const bool indexed = png_get_color_type(png_, info_) == PNG_COLOR_TYPE_PALETTE;
    auto image = unwritten(width, height, name_);
    const auto row_bytes = image.width * kChannels;
    // Indices come to lie in the last third of a row, where the colours overtake none of them.
    const auto offset = indexed ? row_bytes - image.width : 0;
    guard([&] {
      const int passes = choose_form(indexed);
      if (png_get_rowbytes(png_, info_) != row_bytes - offset) png_error(png_, "rows of another length");
      for (int pass = 0; pass < passes; ++pass) {
        for (png_uint_32 y = 0; y < height; ++y) {
          png_read_row(png_, image.pixels.data() + y * row_bytes + offset, nullptr);
        }
      }
      png_read_end(png_, info_);
    });
    if (indexed) look_up(image);
    return image;
  }

 private:
  /// Calls libpng. It leaves a call that fails by a jump to here, over its own frames and that of `calls`,
  /// which therefore holds nothing that has a destructor.
  /// @throws Error with libpng's message.
  template <typename Calls>
  void guard(Calls calls) {
    if (setjmp(jump_) == 0) {
      calls();
      return;
    }
    throw Error(ExitCode::bad_file, name_ + " cannot be decoded as a PNG (" + message_ +
                                        "), expected an undamaged one; fetch or convert it again");
  }

  void open() {
    png_set_read_fn(png_, this, [](png_structp png, png_bytep to, std::size_t count) {
      static_cast<PngReader*>(png_get_io_ptr(png))->give(to, count);
    });
    png_set_crc_action(png_, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // `unwritten` has the word
    // The ancillary chunks say nothing of the pixels. None is longer than the file.
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
    png_set_chunk_malloc_max(png_, std::max(kMinChunkLimit, bytes_.size()));
    png_read_info(png_, info_);
  }

  /// Asks for eight bits of red, green and blue, or of an index; how often each row is then to be read.
  int choose_form(bool indexed) {
    if (indexed) {
      png_set_packing(png_);
    } else {
      png_set_expand_gray_1_2_4_to_8(png_);
      png_set_strip_16(png_);
      png_set_strip_alpha(png_);
      png_set_gray_to_rgb(png_);
    }
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return passes;
  }

  void look_up(Image& image) const {
    png_colorp palette = nullptr;
    int size = 0;
    png_get_PLTE(png_, info_, &palette, &size);
    auto* to = image.pixels.data();
    for (std::size_t y = 0; y < image.height; ++y) {
      const auto* index = to + image.width * (kChannels - 1);
      for (std::size_t x = 0; x < image.width; ++x, ++index, to += kChannels) {
        if (*index >= size) {
          throw Error(ExitCode::bad_file, name_ + " has a pixel of colour " + std::to_string(*index) +
                                              ", expected less than the " + std::to_string(size) +
                                              " of its palette; convert it again");
        }
        const auto [red, green, blue] = palette[*index];
        to[0] = red, to[1] = green, to[2] = blue;
      }
    }
  }

  void give(png_bytep to, std::size_t count) {
    if (count > bytes_.size() - at_) png_error(png_, "it ends too early");
    std::memcpy(to, bytes_.data() + at_, count);
    at_ += count;
  }

  [[noreturn]] void give_up(png_const_charp message) {
    std::snprintf(message_, sizeof message_, "%s", message);
    std::longjmp(jump_, 1);
  }

  /// Of what libpng merely warns, that the pixels' data are not as they were written is an error.
  void hear(png_const_charp message) {
    if (std::string_view(message).starts_with("IDAT")) give_up(message);
  }

  std::span<const std::uint8_t> bytes_;
  const std::string& name_;
  std::size_t at_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::jmp_buf jump_{};
  char message_[128]{};
};

}  // namespace

Image decode_png(std::span<const std::uint8_t> bytes, const std::string& name) {
  const auto notes = read_notes(bytes);
  if (!notes.whole) {
    throw Error(ExitCode::bad_file,
                name + " is a PNG that ends too early, expected a whole one; fetch it again");
  }
  if (notes.animated) {
    throw Error(ExitCode::bad_file, name + " is an animated PNG, expected a still one; convert it");
  }
  return turned(PngReader(bytes, name).read(), notes.orientation);
}

std::string png_library() { return std::string("libpng ") + png_get_libpng_ver(nullptr); }

}  // namespace torchferry
