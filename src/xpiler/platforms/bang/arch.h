// The architecture and the sizes of its memories in KB (sec 2.3); mtp_592 unless a build says otherwise.
#pragma once

#ifndef __BANG_ARCH__
#define __BANG_ARCH__ 592
#endif

#if __BANG_ARCH__ < 300
#define __MLU_NRAM_SIZE__ 512
#if __BANG_ARCH__ == 270
#define __MLU_WRAM_SIZE__ 1024
#else
#define __MLU_WRAM_SIZE__ 512
#endif
#define __MLU_SRAM_SIZE__ 2048
#elif __BANG_ARCH__ < 500
#define __MLU_NRAM_SIZE__ 768
#define __MLU_WRAM_SIZE__ 1024
#define __MLU_SRAM_SIZE__ 4096
#else
#define __MLU_NRAM_SIZE__ 512
#define __MLU_WRAM_SIZE__ 512
#define __MLU_SRAM_SIZE__ 2048
#endif
