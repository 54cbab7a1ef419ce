// What the input file of a run holds, and what its drivers share: driver.cpp runs an entry once, many.cpp once for each
// of many choices.
#pragma once

#include "shadow.h"

namespace xp {

// ASK: who wrote element `bytes` of the buffer of this name? PICK: choice `bytes` of the text is `integer`, for the
// candidate `flags` where there are many. WANT: so many `bytes` of rounded values that a text may have.
enum Kind : std::uint64_t { BUFFER, INTEGER, REAL, ASK, PICK, WANT };
enum Flag : std::uint64_t { CONST = 1, DEVICE = 2, DATA = 4, TURNS = 8 }; // TURNS: any order of its elements will do

// One argument in the input file; the data of the buffers follow all records, in order. A buffer whose `integer` is a
// number of bytes repeats these, which start at a page of the file.
struct Record {
    std::uint64_t kind, bytes, element, flags;
    double real;
    std::int64_t integer;
    char name[48];

    std::size_t period() const { return kind == BUFFER && integer > 0 ? std::size_t(integer) : bytes; }
};

// What the input file starts with.
struct Head {
    std::uint64_t count, host_align, grid[3], block[3], shared, cluster, token, share, backwards, in_turns, calls;
    std::uint64_t candidates; // that are run one after another; 0 for a plain run
    double each;              // seconds of CPU time for one of them
    std::uint64_t clusters;   // so many of a launch are run, about, and the others left out; 0: all
};

extern Head head;

// The arguments of the entry, read from the input file.
struct Given {
    std::vector<Record> records;
    std::vector<Slot> slots;
    std::vector<Allocation*> buffers;
    std::vector<std::vector<char>> before; // of inputs that are promised to stay

    std::size_t count() const { return records.size(); }
    void read(int fd);
    std::uint64_t begin(char** argv);      // all that a run starts from; gives the token, which is nowhere else then
    void check() const;                    // that nothing was written where nothing may be
    void write(int fd) const;              // what is left in the buffers that may change
    void write_found(int fd) const;        // which of the wanted values were met
};

} // namespace xp
