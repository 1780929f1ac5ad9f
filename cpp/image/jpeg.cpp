#include "image/jpeg.h"

// clang-format off
#include <cstdio>  // for jpeglib.h, which needs it first
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/orientation.h"

namespace torchferry {

namespace {

constexpr int kScanLimit = 500;  // a photo has about ten; each costs a pass over the whole picture
constexpr int kApp1 = JPEG_APP0 + 1;
constexpr std::string_view kExifMarker{"Exif\0\0", 6};
constexpr std::string_view kXmpMarker{"http://ns.adobe.com/xap/1.0/\0", 29};

/// One picture being decoded, and all that libjpeg holds of it.
class JpegReader {
 public:
  explicit JpegReader(const std::string& name) : name_(name) {
    state_.err = jpeg_std_error(&errors_);
    state_.client_data = this;
    errors_.error_exit = [](j_common_ptr state) { self(state).give_up(); };
    errors_.emit_message = [](j_common_ptr state, int level) { self(state).hear(level); };
    progress_.progress_monitor = [](j_common_ptr state) { self(state).count_scans(); };
  }
  ~JpegReader() { jpeg_destroy_decompress(&state_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  Image read(std::span<const std::uint8_t> bytes) {
    guard([&] {
      jpeg_create_decompress(&state_);
      state_.progress = &progress_;
      jpeg_mem_src(&state_, bytes.data(), bytes.size());
      jpeg_save_markers(&state_, kApp1, 0xFFFF);
      jpeg_read_header(&state_, TRUE);
    });
    orientation_ = orientation();  // what was saved of the markers goes when the picture is finished
    check_depth(state_.data_precision);
    check_size(state_.image_width, state_.image_height, name_);
    const bool inks = state_.num_components == 4;
    if (!inks && state_.num_components != 1 && state_.num_components != 3) {
      refuse(std::to_string(state_.num_components) + " components");
    }
    state_.out_color_space = inks ? JCS_CMYK : JCS_RGB;
    // All scans of a progressive JPEG are read here, before there is any memory for its pixels.
    guard([&] { jpeg_start_decompress(&state_); });
    auto image = unwritten(state_.output_width, state_.output_height, name_);
    inks ? read_inks(image) : read_rows(image);
    guard([&] { jpeg_finish_decompress(&state_); });
    return turned(std::move(image), orientation_);
  }

 private:
  static JpegReader& self(j_common_ptr state) { return *static_cast<JpegReader*>(state->client_data); }

  /// Calls libjpeg. It leaves a call that fails by a jump to here, over its own frames and that of `calls`,
  /// which therefore holds nothing that has a destructor. What was thrown from a callback instead would have
  /// to pass through C code that knows nothing of exceptions.
  /// @throws Error with libjpeg's message.
  template <typename Calls>
  void guard(Calls calls) {
    if (setjmp(jump_) == 0) {
      calls();
      return;
    }
    if (errors_.msg_code == JERR_OUT_OF_MEMORY) {
      throw Error(ExitCode::environment, name_ + " does not fit into the memory that is left; free some");
    }
    if (errors_.msg_code == JERR_SOF_UNSUPPORTED) {
      throw Error(ExitCode::bad_file,
                  name_ + " is a lossless or hierarchical JPEG, expected a plain one; convert it");
    }
    if (errors_.msg_code == JERR_BAD_PRECISION) check_depth(errors_.msg_parm.i[0]);
    refuse(message_);
  }

  void check_depth(int bits) const {
    if (bits == 8) return;
    throw Error(ExitCode::bad_file,
                name_ + " is a JPEG of " + std::to_string(bits) + " bits, expected one of 8; convert it");
  }

  [[nodiscard]] int orientation() const {
    std::vector<std::uint8_t> exif;
    std::string_view xmp;
    for (const auto* marker = state_.marker_list; marker != nullptr; marker = marker->next) {
      const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
      if (data.starts_with(kExifMarker)) {  // a long block goes on in the next marker
        exif.insert(exif.end(), marker->data + kExifMarker.size(), marker->data + data.size());
      } else if (data.starts_with(kXmpMarker)) {
        xmp = data.substr(kXmpMarker.size());
      }
    }
    return torchferry::orientation(exif, xmp);
  }

  void read_rows(Image& image) {
    guard([&] {
      while (state_.output_scanline < state_.output_height) {
        auto* row = image.pixels.data() + state_.output_scanline * image.width * kChannels;
        jpeg_read_scanlines(&state_, &row, 1);
      }
    });
  }

  /// Four inks, which are taken to be inverted, as Adobe writes them, whether the file says so or not: Pillow
  /// does the same. So what is called ink here is light, and black is what is left of it at all.
  void read_inks(Image& image) {
    std::vector<std::uint8_t> inks(image.width * 4);
    auto* row = inks.data();
    auto* to = image.pixels.data();
    guard([&, to, row]() mutable {
      while (state_.output_scanline < state_.output_height) {
        jpeg_read_scanlines(&state_, &row, 1);
        for (std::size_t x = 0; x < image.width; ++x) {
          const unsigned black = row[x * 4 + 3];
          for (std::size_t channel = 0; channel < kChannels; ++channel) {
            const unsigned product = (255U - row[x * 4 + channel]) * black + 128;
            *to++ = static_cast<std::uint8_t>(black - ((product + (product >> 8)) >> 8));
          }
        }
      }
    });
  }

  [[noreturn]] void give_up() {
    errors_.format_message(reinterpret_cast<j_common_ptr>(&state_), message_);
    std::longjmp(jump_, 1);
  }

  void hear(int level) {
    if (level < 0 && !harmless()) give_up();
  }

  /// Whether the picture is whole despite the warning: odd headers, and fill bytes at a marker, as cameras
  /// leave them. Within a scan these mean that data were lost.
  [[nodiscard]] bool harmless() const {
    switch (errors_.msg_code) {
      case JWRN_JFIF_MAJOR:
      case JWRN_NOT_SEQUENTIAL:
      case JWRN_ADOBE_XFORM:
        return true;
      case JWRN_EXTRANEOUS_DATA:  // the second number is the marker
        return errors_.msg_parm.i[1] < JPEG_RST0 || errors_.msg_parm.i[1] > JPEG_RST0 + 7;
      default:
        return false;
    }
  }

  void count_scans() {
    if (state_.input_scan_number <= kScanLimit) return;
    errors_.msg_code = 0;
    std::snprintf(message_, sizeof message_, "more than %d scans", kScanLimit);
    std::longjmp(jump_, 1);
  }

  [[noreturn]] void refuse(const std::string& found) const {
    throw Error(ExitCode::bad_file, name_ + " cannot be decoded as a JPEG (" + found +
                                        "), expected an undamaged one; fetch or convert it again");
  }

  const std::string& name_;
  int orientation_ = 1;
  jpeg_decompress_struct state_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  char message_[JMSG_LENGTH_MAX]{};
};

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  return JpegReader(name).read(bytes);
}

#define TORCHFERRY_TEXT(words) #words
#define TORCHFERRY_VALUE(macro) TORCHFERRY_TEXT(macro)

std::string jpeg_library() {
#ifdef LIBJPEG_TURBO_VERSION
  return "libjpeg-turbo " TORCHFERRY_VALUE(LIBJPEG_TURBO_VERSION);
#else
  return "libjpeg " TORCHFERRY_VALUE(JPEG_LIB_VERSION);
#endif
}

}  // namespace torchferry
