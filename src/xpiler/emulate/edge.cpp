// Where the program's own variables end and the runtime's begin: linked before the other parts of the
// runtime. Both start on a new page, so that what shadow.cpp follows is the program's alone.
asm(R"(
.data
.p2align 12
.globl xp_edge_data
xp_edge_data:
.bss
.p2align 12
.globl xp_edge_bss
xp_edge_bss:
.text
)");
