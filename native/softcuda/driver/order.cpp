// The order between streams: each operation must come after every earlier operation that wrote what it reads, or used what
// it writes. Streams run at once here, so a missing event would otherwise go unnoticed until a GPU shows it now and then.
#include "state.h"

namespace softcuda {
namespace {

uint64_t tickCount = 0;
/** More remembered uses of one allocation than this are put together, which is stricter than needed. */
constexpr size_t MAXIMUM_USES = 256;

bool ordered(const Use& use, const Clock& clock) {
    auto seen = clock.find(use.stream);
    if (seen != clock.end() && seen->second >= use.tick) return true;
    auto host = state().hostClock.find(use.stream);
    return host != state().hostClock.end() && host->second >= use.tick;
}

std::string streamName(int number) { return number < (int)state().devices.size() ? "the null stream" : "stream " + std::to_string(number); }

void noteUse(Allocation& allocation, Use use) {
    auto& uses = allocation.uses;
    // A use within one that is over, on the same stream, adds nothing; nor does what the host has waited for.
    std::erase_if(uses, [&](const Use& old) {
        auto host = state().hostClock.find(old.stream);
        if (host != state().hostClock.end() && host->second >= old.tick) return true;
        return old.stream == use.stream && old.begin >= use.begin && old.end <= use.end && (use.write || !old.write);
    });
    if (uses.size() >= MAXIMUM_USES) {
        for (Use& old : uses) {
            if (old.stream != use.stream) continue;
            use.begin = std::min(use.begin, old.begin);
            use.end = std::max(use.end, old.end);
            use.write |= old.write;
        }
        std::erase_if(uses, [&](const Use& old) { return old.stream == use.stream; });
    }
    uses.push_back(std::move(use));
}

}  // namespace

void join(Clock& clock, const Clock& other) {
    for (auto [stream, tick] : other) {
        uint64_t& mine = clock[stream];
        mine = std::max(mine, tick);
    }
}

bool useInOrder(Clock& clock, int number, const Node& node) {
    uint64_t tick = ++tickCount;
    bool sound = true;
    for (const Binding& binding : node.bindings) {
        Allocation* allocation = findAllocation(binding.operand.address);
        if (!allocation) continue;
        uint64_t begin = (uint64_t)binding.operand.address, end = begin + binding.operand.bytes;
        for (const Use& use : allocation->uses) {
            bool conflict = (use.write || binding.operand.write) && use.stream != number && use.begin < end && begin < use.end;
            if (!conflict || ordered(use, clock)) continue;
            fault("order: " + node.name + " on " + streamName(number) + (binding.operand.write ? " writes " : " reads ") + binding.name +
                  " (allocation #" + std::to_string(allocation->serial) + "), which " + use.operation + " on " + streamName(use.stream) +
                  (use.write ? " wrote" : " read") + ", and nothing orders the two");
            sound = false;
            break;
        }
        noteUse(*allocation, {begin, end, number, tick, binding.operand.write, node.name});
    }
    clock[number] = tick;
    return sound;
}

}  // namespace softcuda
