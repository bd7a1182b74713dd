import java.io.FileInputStream;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.Foundries;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.TestAssertion;
import org.verapdf.pdfa.results.ValidationResult;

/** Checks files against PDF/UA-1 with veraPDF. Prints a line for each fault, and one that ends each file. */
class CheckPdfUa {
	public static void main(String[] files) throws Exception {
		VeraGreenfieldFoundryProvider.initialise();
		for (String file : files) {
			try (var input = new FileInputStream(file);
					var parser = Foundries.defaultInstance().createParser(input, PDFAFlavour.PDFUA_1);
					var validator = Foundries.defaultInstance().createValidator(PDFAFlavour.PDFUA_1, false)) {
				ValidationResult result = validator.validate(parser);
				for (TestAssertion fault : result.getTestAssertions())
					System.out.println("fault " + fault.getRuleId().getClause() + "-" + fault.getRuleId().getTestNumber() + ": "
							+ fault.getMessage() + " at " + fault.getLocation().getContext());
				System.out.println("checked " + result.getTotalAssertions() + " compliant " + result.isCompliant());
			}
		}
	}
}
