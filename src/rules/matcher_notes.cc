// What a Matcher does with the notes of a rule that matched.

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include "rules/matcher_state.h"
#include "sluice/values/note.h"
#include "sluice/values/plain_text.h"

namespace sluice {

// What the context says of a variable, as people write it; 0 of one that is not set.
std::string Matcher::State::context_text(const CompiledRule& rule, VariableId variable,
                                         const Pass& pass) {
  const Context* context = context_of(rule, pass);
  const ContextValue* found = context == nullptr ? nullptr : context->find(variable);
  if (found == nullptr) return "0";
  if (const auto* text = std::get_if<std::string>(found)) return *text;
  std::array<char, 32> digits;  // The shortest form of a double takes 24.
  const auto end = std::to_chars(digits.begin(), digits.end(), std::get<double>(*found)).ptr;
  return {digits.begin(), end};
}

void Matcher::State::note(std::uint32_t index, const CompiledNote& note, const Pass& pass) {
  const CompiledRule& rule = compiled.rules[index];
  const Context* context = note.when.empty() ? nullptr : context_of(rule, pass);
  const auto is_unmet = [&](const CompiledCondition& one) {
    return !is_met(rule, one, context, pass);
  };
  if (std::ranges::any_of(note.when, is_unmet)) return;
  MatchedNote made{.rule = index,
                   .definition = note.definition,
                   .ttl = note.ttl,
                   .host = pass.input.host,
                   .text = {}};
  if (note.host_group != 0) {
    made.host = groups[static_cast<std::size_t>(note.host_group)];
    made.is_claimed = pass.input.line == nullptr;
  }
  std::string text;
  for (const Template::Piece& piece : note.text.pieces) {
    if (text.size() > 4 * Note::kFoldedOctetsMax) break;  // More is cut anyway.
    if (piece.is_message) {
      text += pass.text;
    } else if (piece.field && piece.field->source.kind == ValueSource::Kind::kContext) {
      text += context_text(rule, piece.field->variable, pass);
    } else {
      text += piece.field ? read_text(rule, *piece.field, pass) : std::string_view(piece.text);
    }
  }
  made.text = plain_text(text, Note::kFoldedOctetsMax);
  notes.push_back(std::move(made));
}

}  // namespace sluice
