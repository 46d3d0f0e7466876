#include "config/note_reader.h"

#include <string>
#include <utility>

#include "config/emit_reader.h"
#include "config/names.h"
#include "sluice/values/note.h"

namespace sluice {
namespace {

Expected<std::string> decode_name(const JsonValue& value) {
  return decode_parsed(value, parse_name_part);
}

Expected<std::string> decode_capture(const JsonValue& value) {
  return decode_parsed(value, parse_identifier);
}

Expected<void> check_note(const JsonValue& value, const NoteDefinition& note) {
  if (!note.clear) {
    if (!note.text.empty()) return {};
    return value.refuse(
        "the key \"text\" is missing; expected what people shall read, such as \"{message}\"");
  }
  if (note.kind != kFailureKind) {
    return value.member("clear").refuse("only a note of kind \"failure\" can be over; remove it");
  }
  if (note.text.empty()) return {};
  return value.member("text").refuse("a note with \"clear\" says nothing; remove it");
}

}  // namespace

Expected<NoteDefinition> decode_note(const JsonValue& value) {
  NoteDefinition note;
  ObjectReader reader(value);
  reader.read("kind", note.kind, decode_name);
  reader.read("text", note.text, decode_text);
  reader.read("host", note.host, decode_capture);
  reader.read("clear", note.clear, decode_bool);
  reader.read("when", note.when, decode_conditions);
  if (auto done = reader.finish(); !done) return std::unexpected(std::move(done).error());
  if (auto done = check_note(value, note); !done) return std::unexpected(std::move(done).error());
  return note;
}

}  // namespace sluice
