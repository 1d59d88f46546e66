/** Adam and AdamW over one flat buffer, gradient clipping, learning-rate schedules. */
@org.jspecify.annotations.NullMarked
package keisei.optim;
