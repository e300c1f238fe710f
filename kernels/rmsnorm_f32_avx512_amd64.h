// What RMSNorm shares in the tiers avx512vnni and avx512wide. Y31 is the factor.

#define DST DI
#define SRC SI
#define GAIN DX
#define LEN CX
#define BITS AX

// SCALEREST computes what is left, LEN elements less 32, by four and then under a mask: elements that
// are missing are not touched.
#define SCALEREST \
rest: \
	ADDQ $28, LEN \ // what is left, less 4
	JLT  tail \
four: \
	VCVTPS2PD  (SRC), Y0 \
	VMULPD     Y31, Y0, Y0 \
	VCVTPD2PSY Y0, X0 \
	VMOVUPS    X0, (DST) \
	ADDQ       $16, SRC \
	ADDQ       $16, DST \
	SUBQ       $4, LEN \
	JGE        four \
tail: \
	ADDQ $4, LEN \
	JZ   done \
	MOVL        $1, BITS \
	SHLL        CX, BITS \
	DECL        BITS \
	KMOVW       BITS, K1 \
	VCVTPS2PD.Z (SRC), K1, Y0 \
	VMULPD      Y31, Y0, Y0 \
	VCVTPD2PSY  Y0, X0 \
	VMOVUPS     X0, K1, (DST) \
done: \
	VZEROUPPER \
	RET

// SCALEGAINREST computes what is left, LEN elements less 32, by four and then under a mask: elements that
// are missing are not touched.
#define SCALEGAINREST \
rest: \
	ADDQ $28, LEN \ // what is left, less 4
	JLT  tail \
four: \
	VCVTPS2PD  (SRC), Y0 \
	VCVTPS2PD  (GAIN), Y8 \
	VMULPD     Y31, Y0, Y0 \
	VMULPD     Y8, Y0, Y0 \
	VCVTPD2PSY Y0, X0 \
	VMOVUPS    X0, (DST) \
	ADDQ       $16, SRC \
	ADDQ       $16, GAIN \
	ADDQ       $16, DST \
	SUBQ       $4, LEN \
	JGE        four \
tail: \
	ADDQ $4, LEN \
	JZ   done \
	MOVL        $1, BITS \
	SHLL        CX, BITS \
	DECL        BITS \
	KMOVW       BITS, K1 \
	VCVTPS2PD.Z (SRC), K1, Y0 \
	VCVTPS2PD.Z (GAIN), K1, Y8 \
	VMULPD      Y31, Y0, Y0 \
	VMULPD      Y8, Y0, Y0 \
	VCVTPD2PSY  Y0, X0 \
	VMOVUPS     X0, K1, (DST) \
done: \
	VZEROUPPER \
	RET
